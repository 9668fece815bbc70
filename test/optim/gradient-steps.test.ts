import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Parameter } from '../../src/nn/parameters.js';
import {
  centralised,
  globalNorm,
  type GradientSettings,
  type GradientSteps,
  gradientSteps,
} from '../../src/optim/gradient-steps.js';
import { type Optimizer } from '../../src/optim/optimizer.js';
import { SGD } from '../../src/optim/optimizers/sgd.js';
import { backends, useTestBackend } from '../backends.js';
import { expectGoldenValues } from '../golden.js';
import { byBackpropagation } from '../gradients.js';
import { randomFloats } from '../native/shapes.js';
import { expectRefusal } from '../ops/operation-runs.js';

/** An optimizer that keeps what it is given, step by step. */
class Recorder implements Optimizer {
  readonly taken: { lr: number; gradients: Record<string, number[]> }[] = [];
  readonly tensors: tf.Tensor[] = [];

  beginStep(): void {
    this.taken.push({ lr: NaN, gradients: {} });
  }

  move({ name }: Parameter, gradient: tf.Tensor, lr: number): void {
    const step = this.taken.at(-1)!;
    step.lr = lr;
    step.gradients[name] = [...gradient.dataSync()];
    this.tensors.push(gradient);
  }

  state(): Map<string, tf.Variable> {
    return new Map();
  }

  readonly steps = 0;

  restore(): void {
    // Nothing is remembered.
  }

  dispose(): void {
    // Nothing is held.
  }
}

const parameterOf = (name: string, values: Iterable<number>, shape: number[]): Parameter => ({
  name,
  variable: tf.tidy(() => tf.variable(tf.tensor([...values], shape))),
  latent: false,
});

/** The mean taken out of each output channel, by plain loops over [rows, channels]. */
function plainCentralised(values: readonly number[], channels: number): number[] {
  const rows = values.length / channels;
  return values.map((value, i) => {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += values[row * channels + (i % channels)];
    return value - sum / rows;
  });
}

const scaled = (values: readonly number[], by: number): number[] => values.map((value) => value * by);
const [weight, bias] = [
  [3, -4, 5, 6, 0, 1],
  [2, -1],
];
/** √(9 + 16 + 25 + 36 + 0 + 1 + 4 + 1) */
const norm = Math.sqrt(92);
const central = plainCentralised(weight, 2);
const centralNorm = Math.sqrt([...central, ...bias].reduce((sum, g) => sum + g * g, 0));

/** What reaches the optimizer of batches whose gradients are one, two, … times `weight` and `bias`. */
const ways: readonly {
  settings: GradientSettings;
  batches: number;
  steps: { lr: number; weight: number[]; bias: number[] }[];
}[] = [
  { settings: {}, batches: 1, steps: [{ lr: 1, weight, bias }] },
  { settings: { centralise: true }, batches: 1, steps: [{ lr: 1, weight: central, bias }] },
  { settings: { clipNorm: 100 }, batches: 1, steps: [{ lr: 1, weight, bias }] },
  {
    settings: { clipNorm: 2 },
    batches: 1,
    steps: [{ lr: 1, weight: scaled(weight, 2 / norm), bias: scaled(bias, 2 / norm) }],
  },
  {
    settings: { centralise: true, clipNorm: 2 },
    batches: 1,
    steps: [{ lr: 1, weight: scaled(central, 2 / centralNorm), bias: scaled(bias, 2 / centralNorm) }],
  },
  // The means of 1 and 2, and of 3 and 4; the fifth batch is left over.
  {
    settings: { accumulate: 2 },
    batches: 5,
    steps: [
      { lr: 2, weight: scaled(weight, 1.5), bias: scaled(bias, 1.5) },
      { lr: 4, weight: scaled(weight, 3.5), bias: scaled(bias, 3.5) },
    ],
  },
  {
    settings: { accumulate: 3, centralise: true, clipNorm: 1 },
    batches: 3,
    steps: [{ lr: 3, weight: scaled(central, 1 / centralNorm), bias: scaled(bias, 1 / centralNorm) }],
  },
];

describe.each(backends)('gradients on their way to the optimizer, on %s', (backend) => {
  beforeAll(() => useTestBackend(backend));
  afterEach(() => tf.disposeVariables());

  it.each([{ shape: [6, 4] }, { shape: [2, 3, 2, 5] }])('centralised $shape is the formula', ({ shape }) => {
    tf.tidy(() => {
      const channels = shape.at(-1)!;
      const values = [
        ...randomFloats(
          shape.reduce((a, b) => a * b),
          3,
        ),
      ].map((v) => v + 1);
      const result = centralised(tf.tensor(values, shape));
      expect(result.shape).toEqual(shape);
      expectGoldenValues(result.dataSync(), plainCentralised(values, channels));
      expectGoldenValues(
        tf.sum(tf.reshape(result, [-1, channels]), 0).dataSync(),
        new Array(channels).fill(0),
      );
    });
  });

  it('centralised leaves vectors and scalars as they are', () => {
    tf.tidy(() => {
      expect([...centralised(tf.tensor1d([1, 2, 6])).dataSync()]).toEqual([1, 2, 6]);
      expect([...centralised(tf.scalar(3)).dataSync()]).toEqual([3]);
    });
  });

  it('globalNorm is over all elements of all tensors', () => {
    tf.tidy(() => {
      expect(globalNorm([tf.tensor(weight, [3, 2]), tf.tensor(bias)])).toBeCloseTo(norm, 5);
      expect(globalNorm([])).toBe(0);
    });
  });

  it.each(ways)('$settings', ({ settings, batches, steps }) => {
    const recorder = new Recorder();
    const way = gradientSteps(recorder, settings);
    const parameters = [parameterOf('weight', weight, [3, 2]), parameterOf('bias', bias, [2])];
    const before = tf.memory().numTensors;
    const done: boolean[] = [];
    for (let batch = 1; batch <= batches; batch++) {
      way.begin();
      way.take(parameters[0], tf.tensor(scaled(weight, batch), [3, 2]), batch);
      way.take(parameters[1], tf.tensor(scaled(bias, batch), [2]), batch);
      done.push(way.end(batch));
    }
    const { accumulate = 1 } = settings;
    expect(done).toEqual(done.map((_, i) => (i + 1) % accumulate === 0));
    expect(recorder.taken.map(({ lr }) => lr)).toEqual(steps.map(({ lr }) => lr));
    recorder.taken.forEach(({ gradients }, i) => {
      expectGoldenValues(gradients['weight'], steps[i].weight);
      expectGoldenValues(gradients['bias'], steps[i].bias);
    });
    expect(recorder.tensors.every(({ isDisposed }) => isDisposed)).toBe(true);
    way.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each([
    { title: 'a large gradient on as it comes', rows: 30_000, waits: false },
    { title: 'a small gradient on at the end', rows: 3, waits: true },
  ])('without settings hands $title, uncopied', ({ rows, waits }) => {
    const recorder = new Recorder();
    const way = gradientSteps(recorder);
    const values = new Float32Array(3 * rows);
    const gradient = tf.tensor(values, [rows, 3]);
    way.begin();
    way.take(parameterOf('weight', values, [rows, 3]), gradient, 1);
    expect(gradient.isDisposed).toBe(!waits);
    expect(way.end(1)).toBe(true);
    expect(recorder.tensors).toEqual([gradient]);
    expect(gradient.isDisposed).toBe(true);
  });

  it('lets go of the gradients of a step that failed', () => {
    const way = gradientSteps(new Recorder());
    const gradient = tf.tensor(weight, [3, 2]);
    way.begin();
    way.take(parameterOf('weight', weight, [3, 2]), gradient, 1);
    way.begin();
    expect(gradient.isDisposed).toBe(true);
  });

  it.each([Infinity, NaN])('does not hide a gradient of %d by clipping', (wrong) => {
    const recorder = new Recorder();
    const way = gradientSteps(recorder, { clipNorm: 1 });
    way.begin();
    way.take(parameterOf('weight', [0, 0], [2]), tf.tensor1d([wrong, 5]), 1);
    way.end(1);
    expect(recorder.taken[0].gradients['weight']).toEqual([wrong, 5]);
  });

  it('the mean of accumulated batches is the step of a batch as large as all of them', () => {
    const images = tf.tensor2d(randomFloats(12 * 5, 1), [12, 5]);
    const wanted = tf.tensor2d(randomFloats(12 * 3, 2), [12, 3]);
    const start = randomFloats(15, 3);
    const trained = (batches: number, settings: GradientSettings): number[] => {
      const parameter = parameterOf('weight', start, [5, 3]);
      const { variable } = parameter;
      const sgd = new SGD();
      const way: GradientSteps = gradientSteps(sgd, settings);
      const rows = 12 / batches;
      for (let epoch = 0; epoch < 3; epoch++) {
        for (let batch = 0; batch < batches; batch++) {
          const [x, y] = [images, wanted].map((all) => tf.slice(all, batch * rows, rows));
          const { gradients } = byBackpropagation(
            () => tf.mean(tf.square(tf.sub(tf.matMul(x, variable), y))),
            [variable],
          );
          way.begin();
          way.take(parameter, tf.tensor(gradients.get(variable)!, [5, 3]), 0.1);
          way.end(0.1);
          tf.dispose([x, y]);
        }
      }
      sgd.dispose();
      return [...variable.dataSync()];
    };
    const whole = trained(1, {});
    expectGoldenValues(trained(4, { accumulate: 4 }), whole);
    expect(trained(4, {})).not.toEqual(whole);
    tf.dispose([images, wanted]);
  });
});

describe('gradientSteps refuses settings out of their range', () => {
  it.each<[string, GradientSettings]>([
    ['the batches of a step (accumulate) must be a whole number of at least 1, got 0.', { accumulate: 0 }],
    [
      'the batches of a step (accumulate) must be a whole number of at least 1, got 1.5.',
      { accumulate: 1.5 },
    ],
    ['the clipping of gradients (clipNorm) must be a finite number above 0, got 0.', { clipNorm: 0 }],
    ['the clipping of gradients (clipNorm) must be a finite number above 0, got NaN.', { clipNorm: NaN }],
  ])('%s', (message, settings) => {
    expectRefusal(message, () => gradientSteps(new Recorder(), settings));
  });
});
