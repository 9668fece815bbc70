import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { ParameterStore } from '../../src/nn/parameters.js';
import { flipRatio, LayerStatistics } from '../../src/training/layer-statistics.js';
import { useTestBackend } from '../backends.js';
import { expectRefusal } from '../ops/operation-runs.js';

beforeAll(() => useTestBackend('cpu'));

describe('flipRatio', () => {
  it.each([
    [[1, -1, 2, -3], [2, 1, -2, -3], 0.5],
    [[0, -0.5], [1, -1], 0],
    [[0, 1], [-1, 0], 0.5],
    [[], [], 0],
  ])('from %j to %j is %d', (before, after, expected) => {
    expect(flipRatio(before, after)).toBe(expected);
  });
});

describe('LayerStatistics', () => {
  it('records the last of every so many steps, and flips since the record before it', () => {
    const store = new ParameterStore(0);
    const latent = store.root
      .child('conv')
      .parameter('latent', [1, 1, 2, 2], { kind: 'constant', value: 1 }, true);
    const gamma = store.root.child('bn').parameter('gamma', [2], { kind: 'constant', value: 1 });
    const statistics = new LayerStatistics({ store }, 2);
    const [parameter, other] = store.parameters;
    const { numTensors } = tf.memory();
    const gradient = tf.tensor4d([1, 2, 3, -2], [1, 1, 2, 2]);
    expect(statistics.begin()).toBe(false);
    tf.tidy(() => latent.assign(tf.tensor4d([1, -1, 1, 1], [1, 1, 2, 2])));
    expect(statistics.begin()).toBe(true);
    statistics.note(parameter, gradient);
    statistics.note(other, gamma);
    tf.tidy(() => latent.assign(tf.tensor4d([-0.5, -1, 1, 1], [1, 1, 2, 2])));
    const [record, ...rest] = statistics.records();
    expect(rest).toEqual([]);
    expect(record).toMatchObject({ layer: 'conv', flipRatio: 0.5, gradientMean: 1, latentMagnitude: 0.875 });
    expect(record.gradientNorm).toBeCloseTo(Math.sqrt(18), 12);
    expect(record.gradientDeviation).toBeCloseTo(Math.sqrt(18 / 4 - 1), 12);
    statistics.begin();
    statistics.begin();
    expect(statistics.records()[0].flipRatio).toBe(0);
    gradient.dispose();
    expect(tf.memory().numTensors).toBe(numTensors);
    store.dispose();
  });

  it('refuses 0 steps', () => {
    expectRefusal(
      'the steps between two records of statistics must be a whole number of at least 1, got 0.',
      () => {
        new LayerStatistics({ store: new ParameterStore(0) }, 0);
      },
    );
  });
});
