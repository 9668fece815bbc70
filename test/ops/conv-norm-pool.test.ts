import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { batchNormTraining } from '../../src/ops/batch-norm.js';
import { channelStatistics, updatedStatistics } from '../../src/ops/channel-statistics.js';
import { conv2d } from '../../src/ops/conv2d.js';
import { convNormPool } from '../../src/ops/conv-norm-pool.js';
import { averagePool } from '../../src/ops/pooling.js';
import { backends, useTestBackend } from '../backends.js';
import { expectGoldenValues } from '../golden.js';
import { expectLikeComposition, expectRefusal, operand } from './operation-runs.js';

const epsilon = 1e-5;
const maps = (tensor: tf.Tensor): tf.Tensor4D => tensor as tf.Tensor4D;
const affineOf = (gamma: tf.Tensor, beta: tf.Tensor): { gamma: tf.Tensor1D; beta: tf.Tensor1D } => ({
  gamma: gamma as tf.Tensor1D,
  beta: beta as tf.Tensor1D,
});

/** The composition that the operation equals. */
const composed =
  (window: number) =>
  (x: tf.Tensor, filter: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor): tf.Tensor => {
    const convolved = conv2d(maps(x), maps(filter), { stride: 1, pad: 0 });
    const normalised = batchNormTraining(
      convolved,
      affineOf(gamma, beta),
      channelStatistics(convolved),
      epsilon,
    );
    return averagePool(normalised, { window, stride: window, pad: 0, countPadding: false });
  };

const fused =
  (window: number, withMean: boolean) =>
  (x: tf.Tensor, filter: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor): tf.Tensor => {
    const mean = withMean ? channelStatistics(x).mean : undefined;
    return convNormPool(
      maps(x),
      { filter: maps(filter), affine: affineOf(gamma, beta), epsilon, mean },
      window,
    );
  };

const cases = [
  { title: 'twice the channels', h: 8, w: 6, n: 5, c: 4, k: 8, window: 2, offset: 0 },
  { title: 'fewer channels', h: 6, w: 9, n: 2, c: 11, k: 3, window: 3, offset: 0 },
  { title: 'no pooling', h: 3, w: 5, n: 7, c: 5, k: 6, window: 1, offset: 0 },
  { title: 'far from 0', h: 8, w: 8, n: 9, c: 6, k: 12, window: 2, offset: 5 },
];

describe.each(backends)('convNormPool on %s', (backend) => {
  beforeAll(() => useTestBackend(backend));

  it.each(cases.flatMap((one) => [true, false].map((withMean) => ({ ...one, withMean }))))(
    'is its composition: $title, mean given $withMean',
    ({ h, w, n, c, k, window, offset, withMean }) => {
      const x = operand([h, w, n, c], 1);
      const operands = [
        { ...x, values: x.values.map((value) => value + offset) },
        operand([1, 1, c, k], 2, { scale: 0.5 }),
        operand([k], 3),
        operand([k], 4),
      ];
      expectLikeComposition(
        (...given) => fused(window, withMean)(given[0], given[1], given[2], given[3]),
        (...given) => composed(window)(given[0], given[1], given[2], given[3]),
        operands,
      );
    },
  );

  it('moves the running statistics of the convolution', () => {
    tf.tidy(() => {
      const [x, filter, gamma, beta] = [
        operand([4, 4, 3, 5], 5),
        operand([1, 1, 5, 7], 6),
        operand([7], 7),
        operand([7], 8),
      ].map(({ shape, values }) => tf.tensor(values, shape));
      const start = { mean: tf.ones<tf.Rank.R1>([7]), variance: tf.fill<tf.Rank.R1>([7], 2) };
      const running = {
        mean: tf.variable(start.mean),
        variance: tf.variable(start.variance),
        momentum: 0.3,
      };
      const operands = { filter: maps(filter), affine: affineOf(gamma, beta), epsilon, running };
      const convolved = conv2d(maps(x), maps(filter), { stride: 1, pad: 0 });
      // A variable shares its memory with the tensor that it starts from.
      const wanted = updatedStatistics(start, channelStatistics(convolved), 0.3, 48);
      convNormPool(maps(x), operands, 2);
      expectGoldenValues(running.mean.dataSync(), [...wanted.mean.dataSync()]);
      expectGoldenValues(running.variance.dataSync(), [...wanted.variance.dataSync()]);
      running.mean.dispose();
      running.variance.dispose();
    });
  });

  it('gives β for a constant input', () => {
    tf.tidy(() => {
      const beta = tf.tensor1d([0.5, -2]);
      const y = convNormPool(
        tf.fill([4, 4, 2, 3], 0.1),
        { filter: tf.ones([1, 1, 3, 2]), affine: { gamma: tf.ones([2]), beta }, epsilon },
        2,
      );
      expect([...y.dataSync()].every((value, i) => Math.abs(value - [0.5, -2][i % 2]) < 1e-3)).toBe(true);
    });
  });
});

describe('convNormPool refuses what does not fit, naming it', () => {
  beforeAll(() => useTestBackend('cpu'));
  const call = (input: number[], filter: number[]): unknown =>
    fused(2, false)(tf.zeros(input), tf.zeros(filter), tf.ones([4]), tf.zeros([4]));

  it.each<[string, () => unknown]>([
    [
      'convNormPool needs a 1×1 filter and a window that divides the input, got the filter [3, 3, 2, 4], the window 2 and the input [4, 4, 1, 2].',
      () => call([4, 4, 1, 2], [3, 3, 2, 4]),
    ],
    [
      'convNormPool needs a 1×1 filter and a window that divides the input, got the filter [1, 1, 2, 4], the window 2 and the input [4, 5, 1, 2].',
      () => call([4, 5, 1, 2], [1, 1, 2, 4]),
    ],
    [
      'convNormPool: the input has 3 channels and the filter [1, 1, 2, 4] takes 2.',
      () => call([4, 4, 1, 3], [1, 1, 2, 4]),
    ],
  ])('%s', expectRefusal);
});
