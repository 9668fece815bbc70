import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import { weightedSum } from '../../src/losses/weighted-sum.js';
import { backends, useTestBackend } from '../backends.js';

const values = (...numbers: number[]): tf.Tensor1D => tf.tensor1d(numbers);

describe.each(backends)('weightedSum on %s', (backend) => {
  beforeAll(() => useTestBackend(backend));

  it('is the weighted sum of batch means, and names the means without their weights', () => {
    tf.tidy(() => {
      const { total, byName } = weightedSum([
        { name: 'kl', weight: 0.5, value: values(1, 2, 6) },
        { name: 'features', weight: 4, value: values(0, 1, 2) },
      ]);
      expect(total.shape).toEqual([]);
      expect(total.dataSync()[0]).toBeCloseTo(0.5 * 3 + 4 * 1, 6);
      expect([...byName].map(([name, mean]) => [name, mean.dataSync()[0]])).toEqual([
        ['kl', 3],
        ['features', 1],
      ]);
    });
  });

  it('gives each sample weight / batch of the gradient', () => {
    tf.tidy(() => {
      const total = (x: tf.Tensor): tf.Scalar =>
        weightedSum([
          { name: 'a', weight: 3, value: tf.square(x) as tf.Tensor1D },
          { name: 'b', weight: 0, value: tf.exp(x) as tf.Tensor1D },
        ]).total;
      const gradient = tf.grad(total)(values(1, -2)).dataSync();
      expect([...gradient]).toEqual([3, -6]);
    });
  });

  it('reports a term of weight 0 and keeps its infinity out of the total', () => {
    tf.tidy(() => {
      const { total, byName } = weightedSum([
        { name: 'a', weight: 1, value: values(1, 3) },
        { name: 'b', weight: 0, value: values(Infinity, 1) },
      ]);
      expect(total.dataSync()[0]).toBe(2);
      expect(byName.get('b')?.dataSync()[0]).toBe(Infinity);
    });
  });

  it.each([
    ['a weighted sum expects at least one loss term, but got none', () => weightedSum([])],
    [
      'loss term "kl" comes twice in a weighted sum',
      () =>
        weightedSum([
          { name: 'kl', weight: 1, value: values(1) },
          { name: 'kl', weight: 1, value: values(1) },
        ]),
    ],
    ...[-1, NaN, Infinity].map((weight): [string, () => unknown] => [
      `the weight of loss term "kl" must be a finite number of at least 0, but is ${weight}`,
      () => weightedSum([{ name: 'kl', weight, value: values(1) }]),
    ]),
    [
      'loss term "kl" must have one value a sample, shape [batch], but has shape []',
      () => weightedSum([{ name: 'kl', weight: 1, value: tf.scalar(1) as unknown as tf.Tensor1D }]),
    ],
    [
      'loss terms must have one batch size, but got 1 for "kl" and 2 for "features"',
      () =>
        weightedSum([
          { name: 'kl', weight: 1, value: values(1) },
          { name: 'features', weight: 1, value: values(1, 2) },
        ]),
    ],
  ])('refuses: %s', (message, call) => {
    let thrown: unknown;
    tf.tidy(() => {
      try {
        call();
      } catch (error) {
        thrown = error;
      }
    });
    expect(thrown).toBeInstanceOf(InputError);
    expect((thrown as InputError).message).toBe(message);
  });
});
