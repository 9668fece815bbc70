import * as tf from '@tensorflow/tfjs-core';
import { valuesOf } from '../../../src/training/training-state.js';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Parameter } from '../../../src/nn/parameters.js';
import type { Optimizer } from '../../../src/optim/optimizer.js';
import { createOptimizer, type OptimizerSettings } from '../../../src/optim/optimizers/create-optimizer.js';
import { backends, useTestBackend } from '../../backends.js';
import { expectGoldenValues } from '../../golden.js';
import { randomFloats } from '../../native/shapes.js';
import { plainAdam, plainAdamW, plainBop, plainSGD, type PlainStep } from './plain-optimizers.js';

const count = 40;
const steps = 8;

function parameterOf(
  values: Iterable<number>,
  { latent = false, shape = [count / 4, 4], name = 'p' } = {},
): Parameter {
  return { name, variable: tf.tidy(() => tf.variable(tf.tensor([...values], shape))), latent };
}

/** Moves `parameter` one step along `gradient` and returns its values. */
function moved(optimizer: Optimizer, parameter: Parameter, gradient: Iterable<number>, lr: number): number[] {
  return tf.tidy(() => {
    optimizer.beginStep();
    optimizer.move(parameter, tf.tensor([...gradient], parameter.variable.shape), lr);
    return [...parameter.variable.dataSync()];
  });
}

interface Case {
  readonly settings: OptimizerSettings;
  readonly plain: PlainStep;
  readonly latent?: boolean;
}

/** Fresh for each test: the plain steps remember. */
const cases: readonly (() => Case)[] = [
  () => ({ settings: {}, plain: plainAdam({}) }),
  () => ({ settings: { name: 'adam', weightDecay: 0.1 }, plain: plainAdam({ weightDecay: 0.1 }) }),
  () => ({
    settings: { name: 'adam', beta1: 0.5, beta2: 0.75, epsilon: 0.1 },
    plain: plainAdam({ beta1: 0.5, beta2: 0.75, epsilon: 0.1 }),
  }),
  () => ({ settings: { name: 'adamw' }, plain: plainAdamW({}) }),
  () => ({ settings: { name: 'adamw', weightDecay: 0.5 }, plain: plainAdamW({ weightDecay: 0.5 }) }),
  () => ({ settings: { name: 'adamw', weightDecay: 0 }, plain: plainAdam({}) }),
  () => ({ settings: { name: 'sgd' }, plain: plainSGD({}) }),
  () => ({
    settings: { name: 'sgd', momentum: 0, weightDecay: 0.5 },
    plain: plainSGD({ momentum: 0, weightDecay: 0.5 }),
  }),
  () => ({
    settings: { name: 'sgd', momentum: 0.5, nesterov: true, weightDecay: 0.1 },
    plain: plainSGD({ momentum: 0.5, nesterov: true, weightDecay: 0.1 }),
  }),
  () => ({ settings: { name: 'bop' }, plain: plainBop({}), latent: true }),
  () => ({
    settings: { name: 'bop', gamma: 0.3, threshold: 0.2 },
    plain: plainBop({ gamma: 0.3, threshold: 0.2 }),
    latent: true,
  }),
  () => ({
    settings: { name: 'bop', weightDecay: 0.1, beta1: 0.5 },
    plain: plainAdam({ weightDecay: 0.1, beta1: 0.5 }),
  }),
];
const titled = cases.map((make) => {
  const { settings, latent = false } = make();
  return { title: `${JSON.stringify(settings)}${latent ? ' on latent weights' : ''}`, make };
});

describe.each(backends)('optimizers on %s', (backend) => {
  beforeAll(() => useTestBackend(backend));
  afterEach(() => tf.disposeVariables());

  it.each(titled)('$title agrees with its formula in float64, step by step', ({ make }) => {
    const { settings, plain, latent = false } = make();
    const optimizer = createOptimizer(settings);
    const start = randomFloats(count, 1);
    const parameter = parameterOf(start, { latent });
    const expected = [...start];
    for (let t = 1; t <= steps; t++) {
      const gradient = [...randomFloats(count, 10 + t)];
      plain(expected, gradient, 0.05, t);
      expectGoldenValues(moved(optimizer, parameter, gradient, 0.05), expected);
    }
    optimizer.dispose();
  });

  it.each(['adam', 'adamw', 'sgd', 'bop'] as const)(
    '%s decays filters, matrices and connectors, and neither BatchNorm, bias nor PReLU',
    (name) => {
      for (const shape of [[4], [2, 2], [1, 1, 2, 2]]) {
        const [plain, decayed] = [0, 0.5].map((weightDecay) => {
          const parameter = parameterOf([1, -1, 2, -2], { shape });
          const optimizer = createOptimizer({ name, weightDecay });
          const values = moved(optimizer, parameter, [0, 0, 0, 0], 0.1);
          optimizer.dispose();
          return values;
        });
        expect(plain).toEqual([1, -1, 2, -2]);
        if (shape.length === 1) expect(decayed).toEqual(plain);
        else decayed.forEach((value, i) => expect(Math.abs(value)).toBeLessThan(Math.abs(plain[i])));
      }
    },
  );

  it.each(['adam', 'adamw', 'sgd'] as const)('%s clips latent weights where asked, and no others', (name) => {
    for (const [latent, clipLatent] of [
      [true, true],
      [true, false],
      [false, true],
    ]) {
      const parameter = parameterOf([0.99, -0.99, 0.5, 0], { latent, shape: [2, 2] });
      const optimizer = createOptimizer({ name, clipLatent });
      const values = moved(optimizer, parameter, [-1, 1, 1, 0], 0.1);
      const most = Math.max(...values.map(Math.abs));
      if (latent && clipLatent) expect(values.slice(0, 2)).toEqual([1, -1]);
      else expect(most).toBeGreaterThan(1.05);
      expect(values[2]).toBeCloseTo(0.4, 2);
      optimizer.dispose();
    }
  });

  it('bop flips a weight when its average gradient has been strong enough for long enough', () => {
    const optimizer = createOptimizer({ name: 'bop', gamma: 0.5, threshold: 0.6 });
    const parameter = parameterOf([1, -1, 1, -0.25], { latent: true, shape: [2, 2] });
    // The averages after the steps are 0.5, 0.75, … of the gradient: above 0.6 at the second.
    const gradient = [1, 1, -1, -1];
    expect(moved(optimizer, parameter, gradient, 0)).toEqual([1, -1, 1, -0.25]);
    expect(moved(optimizer, parameter, gradient, 0)).toEqual([-1, -1, 1, 0.25]);
    expect(moved(optimizer, parameter, gradient, 0)).toEqual([-1, -1, 1, 0.25]);
  });

  it.each(titled)('$title goes on from the state of another one to the same bits', ({ make }) => {
    const { settings, latent = false } = make();
    const gradients = [1, 2, 3, 4].map((seed) => [...randomFloats(count, seed)]);
    const train = (split: number): number[] => {
      const parameter = parameterOf(randomFloats(count, 9), { latent });
      let optimizer = createOptimizer(settings);
      gradients.forEach((gradient, step) => {
        if (step === split) {
          const another = createOptimizer(settings);
          another.restore(valuesOf(optimizer.state()), optimizer.steps);
          optimizer.dispose();
          optimizer = another;
        }
        moved(optimizer, parameter, gradient, 0.1);
      });
      optimizer.dispose();
      return [...parameter.variable.dataSync()];
    };
    const whole = train(-1);
    for (const split of [0, 1, 3]) expect(train(split)).toEqual(whole);
  });

  it.each(titled)('$title makes no tensors after its first step, and leaves none', ({ make }) => {
    const { settings, latent = false } = make();
    const before = tf.memory().numTensors;
    const optimizer = createOptimizer(settings);
    const parameter = parameterOf(randomFloats(count, 1), { latent });
    const counts = [1, 2, 3, 4].map((seed) => {
      const gradient = tf.tensor(randomFloats(count, seed), parameter.variable.shape);
      optimizer.beginStep();
      optimizer.move(parameter, gradient, 0.1);
      gradient.dispose();
      return tf.memory().numTensors;
    });
    expect(new Set(counts)).toEqual(new Set([before + 1 + optimizer.state().size]));
    for (const [name, { shape }] of optimizer.state()) {
      expect(name).toMatch(/^p\.(m|v|velocity|average)$/);
      expect(shape).toEqual(parameter.variable.shape);
    }
    optimizer.dispose();
    parameter.variable.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
