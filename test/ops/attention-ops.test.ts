import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { channelStatistics } from '../../src/ops/channel-statistics.js';
import { decoratorGate } from '../../src/ops/decorator-gate.js';
import { dilatedConv2d } from '../../src/ops/dilated-conv2d.js';
import { factoredGate, type FactorForm } from '../../src/ops/factored-gate.js';
import { mapPools, positionPools } from '../../src/ops/map-pools.js';
import { mapProjection } from '../../src/ops/map-projection.js';
import type { Normalisation } from '../../src/ops/normalisation.js';
import { sigmoid } from '../../src/ops/sigmoid.js';
import { backends, useTestBackend } from '../backends.js';
import { byBackpropagation } from '../gradients.js';
import { expectLikeComposition, expectRefusal, operand } from './operation-runs.js';

const maps = (tensor: tf.Tensor): tf.Tensor4D => tensor as tf.Tensor4D;
const rows = (tensor: tf.Tensor): tf.Tensor2D => tensor as tf.Tensor2D;
const vector = (tensor: tf.Tensor): tf.Tensor1D => tensor as tf.Tensor1D;
const stacked = (tensor: tf.Tensor): tf.Tensor3D => tensor as tf.Tensor3D;

const epsilon = 1e-5;
const normOf = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor): Normalisation => ({
  affine: { gamma: vector(gamma), beta: vector(beta) },
  statistics: channelStatistics(x),
  epsilon,
});

/** BatchNorm with the statistics of the batch. */
function normalised(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor): tf.Tensor {
  const { mean, variance } = tf.moments(x, [0, 1, 2]);
  return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon))), gamma), beta);
}

const positionsOf = (v: tf.Tensor): tf.Tensor => tf.stack([tf.mean(v, [0, 1]), tf.max(v, [0, 1])]);
const channelsOf = (v: tf.Tensor): tf.Tensor => tf.concat([tf.max(v, 3, true), tf.mean(v, 3, true)], 3);
const flat = (...tensors: tf.Tensor[]): tf.Tensor =>
  tf.concat(tensors.map((tensor) => tf.reshape(tensor, [-1])));
/** Both poolings as one tensor. */
const both = ({ ofPositions, ofChannels }: ReturnType<typeof mapPools>): tf.Tensor =>
  flat(ofPositions, ofChannels);

describe.each(backends)('operations of attentions on %s', (backend) => {
  beforeAll(() => useTestBackend(backend));

  const shapes = [
    [4, 5, 3, 6],
    [3, 3, 9, 16],
    [1, 2, 2, 1],
  ];

  it.each(shapes.map((shape) => ({ shape })))('poolings of a map of $shape', ({ shape }) => {
    const x = operand(shape, 1);
    expectLikeComposition((v) => positionPools(maps(v)), positionsOf, [x]);
    expectLikeComposition(
      (v) => both(mapPools(maps(v))),
      (v) => flat(positionsOf(v), channelsOf(v)),
      [x],
    );
  });

  it.each(shapes.map((shape) => ({ shape })))('poolings of a normalised map of $shape', ({ shape }) => {
    const channels = shape[3];
    // A γ of 0 makes all positions equal, and one below 0 turns the maximum into a minimum.
    const gamma = operand([channels], 2);
    gamma.values[channels - 1] = -0.75;
    const operands = [operand(shape, 1), gamma, operand([channels], 3)];
    expectLikeComposition(
      (x, g, b) => positionPools(maps(x), normOf(x, g, b)),
      (x, g, b) => positionsOf(normalised(x, g, b)),
      operands,
    );
    expectLikeComposition(
      (x, g, b) => both(mapPools(maps(x), normOf(x, g, b))),
      (x, g, b) => flat(positionsOf(normalised(x, g, b)), channelsOf(normalised(x, g, b))),
      operands,
    );
  });

  it.each(shapes.map((shape) => ({ shape })))('projections of a map of $shape', ({ shape }) => {
    const channels = shape[3];
    const parts = ({ mean, map }: ReturnType<typeof mapProjection>): tf.Tensor => flat(mean, map);
    const plain = (v: tf.Tensor, w: tf.Tensor): tf.Tensor =>
      flat(tf.mean(v, [0, 1]), tapByTap(maps(v), maps(w), 1));
    const operands = [operand(shape, 1), operand([1, 1, channels, 3], 2)];
    expectLikeComposition((x, w) => parts(mapProjection(maps(x), maps(w))), plain, operands);
    expectLikeComposition(
      (x, w, g, b) => parts(mapProjection(maps(x), maps(w), normOf(x, g, b))),
      (x, w, g, b) => plain(normalised(x, g, b), w),
      [...operands, operand([channels], 3), operand([channels], 4)],
    );
  });

  it('gives the gradient of a maximum to the first of equal ones', () => {
    tf.tidy(() => {
      const x = tf.tensor4d([1, 3, 3, 3, 2, 1, 3, 0], [2, 2, 1, 2]);
      const dx = (op: (x: tf.Tensor4D) => tf.Tensor): number[] => [
        ...tf
          .grad((v: tf.Tensor) => tf.sum(op(maps(v))))(x)
          .dataSync(),
      ];
      expect(dx((v) => tf.slice(positionPools(v), 1, 1))).toEqual([0, 1, 1, 0, 0, 0, 0, 0]);
      expect(dx((v) => tf.slice(mapPools(v).ofChannels, [0, 0, 0, 0], [-1, -1, -1, 1]))).toEqual([
        0, 1, 1, 0, 1, 0, 1, 0,
      ]);
    });
  });

  it.each((['product', 'excitation'] satisfies FactorForm[]).map((form) => ({ form })))(
    'a factored gate, $form',
    ({ form }) => {
      const operands = [operand([3, 4, 5, 6], 1), operand([3, 4, 5, 1], 2), operand([5, 6], 3)];
      expectLikeComposition(
        (x, p, c) => factoredGate(maps(x), maps(p), rows(c), form),
        (x, p, c) => {
          const z = tf.mul(p, c);
          return tf.mul(x, form === 'product' ? z : tf.add(1, tf.sigmoid(z)));
        },
        operands,
      );
    },
  );

  it('a decorator gate', () => {
    const parameters = Array.from({ length: 6 }, (_, i) => operand([7], 2 + i));
    expectLikeComposition(
      (pools, w0, w1, w2, b0, b1, b2) =>
        decoratorGate(
          stacked(pools),
          [vector(w0), vector(w1), vector(w2)],
          [vector(b0), vector(b1), vector(b2)],
        ),
      (pools, w0, w1, w2, b0, b1, b2) => {
        const [a, b] = tf.unstack(pools);
        const s = tf.softmax(a);
        const u = tf.tanh(tf.add(tf.mul(tf.mul(w0, a), s), b0));
        const v = tf.tanh(tf.add(tf.mul(tf.mul(w1, b), s), b1));
        return tf.add(1, tf.tanh(tf.add(tf.mul(tf.mul(w2, v), u), b2)));
      },
      [operand([2, 5, 7], 1), ...parameters],
    );
  });

  it.each([
    { window: 3, dilation: 4 },
    { window: 7, dilation: 1 },
    { window: 1, dilation: 1 },
  ])('a convolution of window $window and dilation $dilation', ({ window, dilation }) => {
    expectLikeComposition(
      (x, w) => dilatedConv2d(maps(x), maps(w), dilation),
      (x, w) => tapByTap(maps(x), maps(w), dilation),
      [operand([5, 6, 3, 2], 1), operand([window, window, 2, 3], 2)],
    );
  });

  it('the sigmoid', () => {
    expectLikeComposition(sigmoid, tf.sigmoid, [operand([3, 50], 1, { scale: 6, edges: [0, -90, 90] })]);
  });

  it('leaves no tensors', () => {
    const { numTensors } = tf.memory();
    const x = tf.tidy(() => tf.variable(tf.tensor(operand([3, 4, 5, 6], 1).values, [3, 4, 5, 6])));
    byBackpropagation(() => {
      const { ofPositions, ofChannels } = mapPools(maps(x));
      const channels = decoratorGate(ofPositions, ones(6), ones(6));
      const positions = dilatedConv2d(ofChannels, tf.ones([3, 3, 2, 1]), 2);
      return tf.sum(factoredGate(maps(x), sigmoid(positions), channels, 'product'));
    }, [x]);
    x.dispose();
    expect(tf.memory().numTensors).toBe(numTensors);
  });
});

const ones = (channels: number): [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D] => [
  tf.ones([channels]),
  tf.ones([channels]),
  tf.ones([channels]),
];

/** The convolution as one product for each tap. */
function tapByTap(x: tf.Tensor4D, w: tf.Tensor4D, dilation: number): tf.Tensor {
  const [height, width, n, c] = x.shape;
  const [window, , , k] = w.shape;
  const margin: [number, number] = [((window - 1) / 2) * dilation, ((window - 1) / 2) * dilation];
  const padded = tf.pad(x, [margin, margin, [0, 0], [0, 0]]);
  const taps = Array.from({ length: window ** 2 }, (_, tap) => {
    const [row, column] = [Math.floor(tap / window), tap % window];
    const part = tf.slice(padded, [row * dilation, column * dilation, 0, 0], [height, width, n, c]);
    const filter = tf.reshape<tf.Rank.R2>(tf.slice(w, [row, column, 0, 0], [1, 1, -1, -1]), [c, k]);
    return tf.matMul(tf.reshape<tf.Rank.R2>(part, [-1, c]), filter);
  });
  return tf.reshape(tf.addN(taps), [height, width, n, k]);
}

describe('refusals', () => {
  const map = (...shape: [number, number, number, number]): tf.Tensor4D => tf.zeros(shape);

  it.each([
    {
      message:
        'factoredGate: the factors of a map [2, 2, 3, 4] must have the shapes [2, 2, 3, 1] and [3, 4], got [2, 2, 3, 4] and [3, 4].',
      call: () => factoredGate(map(2, 2, 3, 4), map(2, 2, 3, 4), tf.zeros([3, 4]), 'product'),
    },
    {
      message: 'decoratorGate: the means and maxima must have the shape [2, N, C], got [3, 2, 4].',
      call: () => decoratorGate(tf.zeros([3, 2, 4]), ones(4), ones(4)),
    },
    {
      message: 'decoratorGate: weights and biases must have the shape [4] of the channels, got [5].',
      call: () => decoratorGate(tf.zeros([2, 2, 4]), ones(4), ones(5)),
    },
    {
      message:
        'dilatedConv2d: the filter [2, 2, 1, 1] must have a square window of odd side and the 1 channels of the input.',
      call: () => dilatedConv2d(map(4, 4, 1, 1), map(2, 2, 1, 1), 1),
    },
    {
      message: 'dilatedConv2d needs a whole dilation from 1, got 0.',
      call: () => dilatedConv2d(map(4, 4, 1, 1), map(3, 3, 1, 1), 0),
    },
    {
      message: 'mapProjection: a map [2, 2, 3, 4] takes a filter [1, 1, 4, K], got [1, 1, 3, 2].',
      call: () => mapProjection(map(2, 2, 3, 4), map(1, 1, 3, 2)),
    },
    {
      message: 'poolings of a map need a tensor of rank 4, got rank 2.',
      call: () => positionPools(maps(tf.zeros([2, 3]))),
    },
  ])('$message', ({ message, call }) => {
    expectRefusal(message, call);
  });
});
