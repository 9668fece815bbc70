import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../../src/errors.js';
import type { Parameter } from '../../../src/nn/parameters.js';
import { Adam, type AdamOptions } from '../../../src/optim/optimizers/adam.js';
import { backends, useTestBackend } from '../../backends.js';
import { expectGoldenValues, type GoldenTensor, readGolden } from '../../golden.js';

interface GoldenAdam extends Required<Omit<AdamOptions, 'clipLatent'>> {
  readonly lr: number;
  readonly start: GoldenTensor;
  readonly gradients: GoldenTensor[];
  readonly after: GoldenTensor[];
}

const { adam: golden } = readGolden<{ adam: GoldenAdam }>('optim');
const { weightDecay, beta1, beta2, epsilon } = golden;

/** A parameter of the given values, [length, 1] (rank 2) unless a shape is given. */
function parameterOf(
  values: readonly number[],
  { latent = false, shape = [values.length, 1] }: { latent?: boolean; shape?: number[] } = {},
): Parameter {
  return { name: 'p', variable: tf.tidy(() => tf.variable(tf.tensor([...values], shape))), latent };
}

/** Moves `parameter` one step along `gradient` and returns its values. */
function moved(adam: Adam, parameter: Parameter, gradient: readonly number[], lr: number): number[] {
  return tf.tidy(() => {
    adam.beginStep();
    adam.move(parameter, tf.tensor([...gradient], parameter.variable.shape), lr);
    return [...parameter.variable.dataSync()];
  });
}

describe.each(backends)('Adam on %s', (backend) => {
  beforeAll(() => useTestBackend(backend));
  afterEach(() => tf.disposeVariables());

  it('agrees with PyTorch in float64, step by step', () => {
    const adam = new Adam({ weightDecay, beta1, beta2, epsilon });
    const parameter = parameterOf(golden.start.values);
    expect(golden.gradients.length).toBe(golden.after.length);
    golden.gradients.forEach((gradient, i) => {
      const values = moved(adam, parameter, gradient.values, golden.lr);
      expectGoldenValues(values, golden.after[i].values);
      expect(adam.steps).toBe(i + 1);
    });
  });

  it('has the defaults of the paper and no weight decay', () => {
    const [byDefault, stated] = [
      new Adam(),
      new Adam({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, clipLatent: false }),
    ].map((adam) => moved(adam, parameterOf([3, -3]), [1e-9, -2], 0.1));
    expect(byDefault).toEqual(stated);
    // The first step is lr · g / (|g| + ε).
    expectGoldenValues(byDefault, [3 - (0.1 * 1e-9) / (1e-9 + 1e-8), -3 + 0.1]);
  });

  it.each([
    { shape: [2], decays: false },
    { shape: [2, 1], decays: true },
    { shape: [1, 1, 1, 2], decays: true },
  ])('decays a parameter of shape $shape: $decays', ({ shape, decays }) => {
    const adam = new Adam({ weightDecay: 0.5 });
    const values = moved(adam, parameterOf([2, -2], { shape }), [0, 0], 0.1);
    // A gradient of pure decay is one of full size: Adam does not see how large it is.
    expectGoldenValues(values, decays ? [1.9, -1.9] : [2, -2]);
  });

  it.each([
    { latent: true, clipLatent: true, clipped: true },
    { latent: true, clipLatent: false, clipped: false },
    { latent: false, clipLatent: true, clipped: false },
  ])('latent $latent and clipLatent $clipLatent: clipped $clipped', ({ latent, clipLatent, clipped }) => {
    const adam = new Adam({ clipLatent });
    const values = moved(adam, parameterOf([0.95, -0.95, 0.5], { latent }), [-1, 1, 1], 0.1);
    expectGoldenValues(values, clipped ? [1, -1, 0.4] : [1.05, -1.05, 0.4]);
    if (clipped) expect(values.slice(0, 2)).toEqual([1, -1]);
  });

  it('keeps the moments of each parameter by name, and counts steps for all', () => {
    const adam = new Adam({ beta1: 0.5, beta2: 0.75 });
    const first = { ...parameterOf([1, 2]), name: 'first' };
    const second = { ...parameterOf([1]), name: 'second' };
    moved(adam, first, [4, -2], 0.1);
    moved(adam, second, [8], 0.1);
    const state = adam.state();
    expect([...state].map(([name, tensor]) => [name, [...tensor.dataSync()]])).toEqual([
      ['first.m', [2, -1]],
      ['first.v', [4, 1]],
      ['second.m', [4]],
      ['second.v', [16]],
    ]);
    expect(adam.steps).toBe(2);
  });

  it('makes no tensors after its first step, and none are left when it is disposed of', () => {
    const before = tf.memory().numTensors;
    const parameter = parameterOf(golden.start.values);
    const adam = new Adam({ weightDecay, clipLatent: true });
    const counts = golden.gradients.map(({ values }) => {
      moved(adam, parameter, values, 0.1);
      return tf.memory().numTensors;
    });
    expect(counts).toEqual(counts.map(() => before + 3));
    adam.dispose();
    parameter.variable.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('Adam refuses settings out of their range, naming them', () => {
  it.each<[string, AdamOptions]>([
    ["Adam's beta1 must be a number in [0, 1), got 1.", { beta1: 1 }],
    ["Adam's beta1 must be a number in [0, 1), got -0.1.", { beta1: -0.1 }],
    ["Adam's beta2 must be a number in [0, 1), got NaN.", { beta2: NaN }],
    ["Adam's epsilon must be a finite number above 0, got 0.", { epsilon: 0 }],
    ["Adam's weightDecay must be a finite number of at least 0, got -1.", { weightDecay: -1 }],
  ])('%s', (message, options) => {
    expect(() => new Adam(options)).toThrow(new InputError(message));
  });
});
