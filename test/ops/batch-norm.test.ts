import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  batchNormInference,
  batchNormSign,
  batchNormSignInference,
  batchNormTraining,
} from '../../src/ops/batch-norm.js';
import {
  channelStatistics,
  type ChannelStatistics,
  updatedStatistics,
} from '../../src/ops/channel-statistics.js';
import { backends, useTestBackend } from '../backends.js';
import { expectGoldenValues, type GoldenTensor, nhwcFromNchw, readGolden, tensorOf } from '../golden.js';
import { numericGradient } from '../losses/plain-formulas.js';
import { expectOperation, expectRefusal, type Operand, operand, upstreamOf } from './operation-runs.js';
import * as plain from './plain-operations.js';

const row = (tensor: tf.Tensor): tf.Tensor1D => tensor as tf.Tensor1D;
const rowOf = (values: ArrayLike<number>): Operand => ({
  shape: [values.length],
  values: Float32Array.from(values),
});
const tensor = <T extends tf.Tensor>({ values, shape }: Operand): T => tf.tensor(values, shape) as T;

/** Shapes with channels last: odd sizes, channels below, at and above the width of a register and of a packed word. */
const shapes = [
  [3, 5, 2, 9],
  [7, 33],
  [2, 2, 3, 8],
  [5, 3, 1, 1],
  [4, 70],
];

const affineOf = (channels: number): { gamma: Operand; beta: Operand } => {
  const gamma = operand([channels], 2);
  gamma.values.forEach((value, c) => (gamma.values[c] = c % 4 === 3 ? -0.7 : 1 + value / 4));
  return { gamma, beta: operand([channels], 3, { scale: 0.5 }) };
};

/** Mean, deviation, scale and shift that float32 holds exactly, as does every v of an x in quarters. */
function exactNorm(channels: number): plain.PlainNorm {
  const each = (values: readonly number[]): Float32Array =>
    Float32Array.from({ length: channels }, (_, c) => values[c % values.length]);
  return {
    mean: each([0.5, -1, 0]),
    variance: each([0.75, 3.75]),
    gamma: each([1, 2, -1, 0.5]),
    beta: each([0, 0.5, -1]),
    epsilon: 0.25,
  };
}

/** Multiples of 1/4 in [−3, 3): v is then often 0 or ±1. */
function quarters(shape: number[]): Operand {
  const x = operand(shape, 4, { scale: 12 });
  return { shape, values: x.values.map((value) => Math.floor(value) / 4) };
}

describe.each(backends)('BatchNorm on %s against plain formulas', (backend) => {
  beforeAll(() => useTestBackend(backend));

  it.each(shapes.map((shape) => [shape.join('×'), shape] as const))('channelStatistics of %s', (_, shape) => {
    const x = operand(shape, 1);
    const expected = plain.statisticsOf(x.values, shape[shape.length - 1]);
    tf.tidy(() => {
      const { mean, variance } = channelStatistics(tensor(x));
      expectGoldenValues(mean.dataSync(), expected.mean);
      expectGoldenValues(variance.dataSync(), expected.variance);
    });
  });

  it('channelStatistics of values far from 0 keeps the digits of a small variance', () => {
    tf.tidy(() => {
      const x = tf.tensor2d([1000.5, 999.5, 1000.5, 999.5], [4, 1]);
      const { mean, variance } = channelStatistics(x);
      expect([mean.dataSync()[0], variance.dataSync()[0]]).toEqual([1000, 0.25]);
    });
  });

  it.each(shapes.map((shape) => [shape.join('×'), shape] as const))('batchNormTraining of %s', (_, shape) => {
    const x = operand(shape, 1);
    const channels = shape[shape.length - 1];
    const { gamma, beta } = affineOf(channels);
    const epsilon = 1e-3;
    const normOf = (values: ArrayLike<number>, g: ArrayLike<number>, b: ArrayLike<number>): number[] =>
      plain.normalise(values, { ...plain.statisticsOf(values, channels), gamma: g, beta: b, epsilon });
    const norm = {
      ...plain.statisticsOf(x.values, channels),
      gamma: gamma.values,
      beta: beta.values,
      epsilon,
    };
    const dy = upstreamOf(shape);
    const { dx, dgamma, dbeta } = plain.normaliseGradients(x.values, norm, dy);
    // The plain gradient is itself checked against differences of the plain value, where that is quick.
    if (x.values.length <= 60) {
      const weighed = (values: number[]): number =>
        normOf(values, gamma.values, beta.values).reduce((sum, value, i) => sum + value * dy[i], 0);
      numericGradient(weighed, [...x.values]).forEach((slope, i) => expect(dx[i]).toBeCloseTo(slope, 6));
    }
    expectOperation(
      (a, g, b) => batchNormTraining(a, { gamma: row(g), beta: row(b) }, channelStatistics(a), epsilon),
      [x, gamma, beta],
      { shape, value: normOf(x.values, gamma.values, beta.values), gradients: [dx, dgamma, dbeta] },
    );
  });

  it('epsilon is 1e-5 unless given', () => {
    tf.tidy(() => {
      const ones = tf.ones<tf.Rank.R1>([1]);
      const zeros = tf.zeros<tf.Rank.R1>([1]);
      const affine = { gamma: ones, beta: zeros };
      const statistics = { mean: zeros, variance: zeros };
      const x = tf.tensor2d([[1]]);
      for (const op of [batchNormTraining, batchNormInference])
        expect(op(x, affine, statistics).dataSync()[0]).toBeCloseTo(Math.sqrt(1e5), 3);
    });
  });

  it.each(shapes.map((shape) => [shape.join('×'), shape] as const))(
    'batchNormSign of %s, with v of exactly 0 and ±1',
    (_, shape) => {
      const x = quarters(shape);
      const norm = exactNorm(shape[shape.length - 1]);
      const v = plain.normalise(x.values, norm);
      if (v.length > 50) for (const edge of [0, 1, -1]) expect(v).toContain(edge);
      const passed = plain.map(upstreamOf(shape), (value, i) => (Math.abs(v[i]) <= 1 ? value : 0));
      const { dx, dgamma, dbeta } = plain.normaliseGradients(x.values, norm, passed);
      tf.tidy(() => {
        const statistics: ChannelStatistics = {
          mean: tensor(rowOf(norm.mean)),
          variance: tensor(rowOf(norm.variance)),
        };
        expectOperation(
          (a, g, b) => batchNormSign(a, { gamma: row(g), beta: row(b) }, statistics, norm.epsilon),
          [x, rowOf(norm.gamma), rowOf(norm.beta)],
          { shape, value: plain.map(v, plain.signOf), gradients: [dx, dgamma, dbeta] },
        );
      });
    },
  );

  it.each(shapes.map((shape) => [shape.join('×'), shape] as const))('inference of %s', (_, shape) => {
    const x = quarters(shape);
    const norm = exactNorm(shape[shape.length - 1]);
    const v = plain.normalise(x.values, norm);
    tf.tidy(() => {
      const affine = { gamma: row(tensor(rowOf(norm.gamma))), beta: row(tensor(rowOf(norm.beta))) };
      const running = { mean: row(tensor(rowOf(norm.mean))), variance: row(tensor(rowOf(norm.variance))) };
      const normalised = batchNormInference(tensor(x), affine, running, norm.epsilon);
      expectGoldenValues(normalised.dataSync(), v);
      const signs = batchNormSignInference(tensor(x), affine, running, norm.epsilon);
      expect(signs.shape).toEqual(shape);
      expect([...signs.dataSync()]).toEqual(plain.map(v, plain.signOf));
    });
  });

  it('running statistics agree with PyTorch at momentum 0.2', () => {
    interface Running {
      readonly mean: GoldenTensor;
      readonly variance: GoldenTensor;
    }
    const { batchNorm } = readGolden<{
      batchNorm: { momentum: number; inputs: GoldenTensor[]; running: Running[] };
    }>('optim');
    expect(batchNorm.momentum).toBe(0.2);
    expect(batchNorm.inputs.length).toBe(batchNorm.running.length);
    tf.tidy(() => {
      const channels = batchNorm.inputs[0].shape[1];
      let running: ChannelStatistics = { mean: tf.zeros([channels]), variance: tf.ones([channels]) };
      batchNorm.inputs.forEach((input, step) => {
        const x = tensorOf(nhwcFromNchw(input));
        running = updatedStatistics(running, channelStatistics(x), 0.2, x.size / channels);
        expectGoldenValues(running.mean.dataSync(), batchNorm.running[step].mean.values);
        expectGoldenValues(running.variance.dataSync(), batchNorm.running[step].variance.values);
      });
    });
  });

  it('running statistics of a batch of one row are finite', () => {
    tf.tidy(() => {
      const one = { mean: tf.tensor1d([3]), variance: tf.tensor1d([0]) };
      const moved = updatedStatistics({ mean: tf.tensor1d([1]), variance: tf.tensor1d([1]) }, one, 0.5, 1);
      expect([moved.mean.dataSync()[0], moved.variance.dataSync()[0]]).toEqual([2, 0.5]);
    });
  });
});

describe('BatchNorm refuses parameters that do not fit, naming them', () => {
  beforeAll(() => useTestBackend('cpu'));
  const of = (length: number): tf.Tensor1D => tf.ones([length]);

  it.each(
    [batchNormTraining, batchNormSign, batchNormInference, batchNormSignInference].flatMap((op) =>
      (['gamma', 'beta', 'mean', 'variance'] as const).map((wrong): [string, () => unknown] => [
        `${op.name}: ${wrong} must have the shape [3] of the channels of x, got [2].`,
        () => {
          const sizes = { gamma: of(3), beta: of(3), mean: of(3), variance: of(3), [wrong]: of(2) };
          return op(tf.zeros([2, 2, 2, 3]), sizes, sizes);
        },
      ]),
    ),
  )('%s', expectRefusal);
});
