import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { inferenceInput, normalisedInput, plainInput } from '../../src/nn/attention/attention-input.js';
import type { AttentionInput } from '../../src/nn/attention/attention.js';
import { type Factors, timesFactors } from '../../src/nn/attention/factors.js';
import { BatchNorm } from '../../src/nn/batch-norm.js';
import { ParameterStore } from '../../src/nn/parameters.js';
import { backends, useTestBackend } from '../backends.js';
import { expectGoldenValues } from '../golden.js';
import { randomFloats } from '../native/shapes.js';

const shape: [number, number, number, number] = [3, 4, 2, 5];
const map = (seed: number): tf.Tensor4D => tf.tensor4d(randomFloats(120, seed), shape);

const inputs: Readonly<Record<string, (x: tf.Tensor4D, bn: BatchNorm) => AttentionInput>> = {
  'the map itself': plainInput,
  'the map normalised': (x, bn) => normalisedInput(x, bn, bn.batchStatistics(x)),
  'the map normalised by running statistics': inferenceInput,
};

const factors: Readonly<Record<string, { made: () => Factors; whole: () => tf.Tensor }>> = {
  'one for each channel': { made: () => channels(), whole: () => channels() },
  'one for each element': { made: () => map(3), whole: () => map(3) },
  product: {
    made: () => ({ positions: positions(), channels: channels(), form: 'product' }),
    whole: () => tf.mul(positions(), channels()),
  },
  excitation: {
    made: () => ({ positions: positions(), channels: channels(), form: 'excitation' }),
    whole: () => tf.add(1, tf.sigmoid(tf.mul(positions(), channels()))),
  },
};
const channels = (): tf.Tensor2D => tf.tensor2d(randomFloats(10, 4), [2, 5]);
const positions = (): tf.Tensor4D => tf.tensor4d(randomFloats(24, 5), [3, 4, 2, 1]);

describe.each(backends)('attention on %s', (backend) => {
  beforeAll(() => useTestBackend(backend));

  it.each(Object.keys(inputs))('looks at %s and at its poolings', (name) => {
    const store = new ParameterStore(1);
    const bn = new BatchNorm(store.root, 5);
    const around = (values: tf.Variable, centre: number, seed: number): void =>
      tf.tidy(() => values.assign(tf.add(tf.tensor(randomFloats(5, seed)), centre)));
    around(bn.gamma, 0, 11);
    around(bn.beta, 0, 12);
    around(bn.runningMean, 0, 13);
    around(bn.runningVariance, 2, 14);
    tf.tidy(() => {
      const input = inputs[name](map(1), bn);
      const [v, mean] = [input.map(), input.mean()];
      expectGoldenValues(mean.dataSync(), [...tf.mean(v, [0, 1]).dataSync()]);
      const { ofPositions, ofChannels } = input.pools();
      const overPositions = tf.stack([mean, tf.max(v, [0, 1])]);
      const overChannels = tf.concat([tf.max(v, 3, true), tf.mean(v, 3, true)], 3);
      expectGoldenValues(ofPositions.dataSync(), [...overPositions.dataSync()]);
      expectGoldenValues(input.positionPools().dataSync(), [...overPositions.dataSync()]);
      const filter = tf.tensor4d(randomFloats(10, 15), [1, 1, 5, 2]);
      const projected = input.projection(filter);
      const product = tf.matMul(tf.reshape(v, [24, 5]), tf.reshape(filter, [5, 2]));
      expectGoldenValues(projected.mean.dataSync(), [...mean.dataSync()]);
      expectGoldenValues(projected.map.dataSync(), [...product.dataSync()]);
      expectGoldenValues(ofChannels.dataSync(), [...overChannels.dataSync()]);
    });
    store.dispose();
  });

  it.each(Object.keys(factors))('multiplies factors onto a map: %s', (name) => {
    tf.tidy(() => {
      const { made, whole } = factors[name];
      const y = timesFactors(map(2), made());
      expect(y.shape).toEqual(shape);
      expectGoldenValues(y.dataSync(), [...tf.mul(map(2), whole()).dataSync()]);
    });
  });
});
