import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, it } from 'vitest';
import {
  type Activation,
  activationNames,
  batchNormActivation,
  batchNormActivationInference,
} from '../../src/ops/batch-norm-activation.js';
import { channelStatistics } from '../../src/ops/channel-statistics.js';
import { backends, useTestBackend } from '../backends.js';
import {
  expectGoldenGradient,
  expectGoldenValues,
  type GoldenActivation,
  readGolden,
  tensorOf,
} from '../golden.js';
import { expectOperation, expectRefusal, operand, type Operand, upstreamOf } from './operation-runs.js';
import * as plain from './plain-operations.js';

// The formulas, written plainly.
const formulas: Readonly<Record<Activation, { f: (v: number) => number; slope: (v: number) => number }>> = {
  relu: { f: (v) => Math.max(0, v), slope: (v) => (v > 0 ? 1 : 0) },
  leakyClip: {
    f: (v) => (Math.abs(v) <= 1 ? v : 0.1 * v + 0.9 * Math.sign(v)),
    slope: (v) => (Math.abs(v) <= 1 ? 1 : 0.1),
  },
  hardClamp: { f: (v) => Math.max(-1, Math.min(1, v)), slope: (v) => (Math.abs(v) <= 1 ? 1 : 0) },
};

const row = (tensor: tf.Tensor): tf.Tensor1D => tensor as tf.Tensor1D;
const channelsOf = (shape: readonly number[]): number => shape[shape.length - 1];
const shapes = [
  [3, 5, 2, 9],
  [7, 33],
  [2, 2, 3, 8],
  [5, 3, 2, 16],
  [4, 70],
];
const cases = activationNames.flatMap((activation) =>
  shapes.flatMap((shape) => [false, true].map((withResidual) => ({ activation, shape, withResidual }))),
);

function affineOf(shape: readonly number[]): { gamma: Operand; beta: Operand } {
  const gamma = operand([channelsOf(shape)], 2);
  return {
    gamma: { shape: gamma.shape, values: gamma.values.map((value) => 1 + value / 4) },
    beta: operand([channelsOf(shape)], 3, { scale: 0.5 }),
  };
}

describe.each(backends)('batchNormActivation on %s', (backend) => {
  beforeAll(() => useTestBackend(backend));

  it.each(cases)(
    '$activation of $shape, residual: $withResidual, against plain formulas',
    ({ activation, shape, withResidual }) => {
      const { f, slope } = formulas[activation];
      const [x, residual] = [operand(shape, 1), operand(shape, 4)];
      const { gamma, beta } = affineOf(shape);
      const statistics = plain.statisticsOf(x.values, channelsOf(shape));
      const norm = { ...statistics, gamma: gamma.values, beta: beta.values, epsilon: 1e-5 };
      const v = plain
        .normalise(x.values, norm)
        .map((value, i) => value + (withResidual ? residual.values[i] : 0));
      const upstream = plain.map(upstreamOf(shape), (value, i) => value * slope(v[i]));
      const { dx, dgamma, dbeta } = plain.normaliseGradients(x.values, norm, upstream);
      expectOperation(
        (a, g, b, r?: tf.Tensor) =>
          batchNormActivation(a, { gamma: row(g), beta: row(b) }, channelStatistics(a), {
            activation,
            ...(r ? { residual: r } : {}),
          }),
        [x, gamma, beta, ...(withResidual ? [residual] : [])],
        {
          shape,
          value: v.map(f),
          gradients: [dx, dgamma, dbeta, ...(withResidual ? [upstream] : [])],
        },
      );
    },
  );

  it.each(activationNames)('%s with given statistics', (activation) => {
    const shape = [3, 2, 2, 9];
    const [x, residual] = [operand(shape, 1), operand(shape, 4)];
    const { gamma, beta } = affineOf(shape);
    const { mean, variance } = plain.statisticsOf(operand(shape, 7).values, 9);
    const norm = { mean, variance, gamma: gamma.values, beta: beta.values, epsilon: 1e-3 };
    const v = plain.normalise(x.values, norm).map((value, i) => value + residual.values[i]);
    tf.tidy(() => {
      const affine = { gamma: tf.tensor1d(gamma.values), beta: tf.tensor1d(beta.values) };
      const y = batchNormActivationInference(
        tf.tensor(x.values, shape),
        affine,
        { mean: tf.tensor1d(mean), variance: tf.tensor1d(variance) },
        { activation, residual: tf.tensor(residual.values, shape), epsilon: 1e-3 },
      );
      expectGoldenValues(y.dataSync(), v.map(formulas[activation].f));
    });
  });

  // With statistics of 0 and 1 the BatchNorm is the identity.
  it.each(readGolden<GoldenActivation[]>('activations').filter(({ name }) => name in formulas))(
    '$name agrees with PyTorch in float64',
    ({ name, x, dy, y, dx }) => {
      tf.tidy(() => {
        const [zero, one] = [tf.zeros<tf.Rank.R1>([1]), tf.ones<tf.Rank.R1>([1])];
        const activate = (v: tf.Tensor): tf.Tensor =>
          batchNormActivation(
            tf.reshape(v, [-1, 1]),
            { gamma: one, beta: zero },
            { mean: zero, variance: one },
            { activation: name as Activation, residual: tf.reshape(v, [-1, 1]), epsilon: 0 },
          );
        // v reaches f twice, through the BatchNorm and as the residual, halved each time. The statistics are constants,
        // and the gradient to the residual is that of f.
        const half = tf.mul(tensorOf(x), 0.5);
        expectGoldenValues(activate(half).dataSync(), y.values);
        const column = (t: tf.Tensor): tf.Tensor => tf.reshape(t, [-1, 1]);
        const [gradient] = tf.grads((r) =>
          batchNormActivation(
            column(half),
            { gamma: one, beta: zero },
            { mean: zero, variance: one },
            { activation: name as Activation, residual: r, epsilon: 0 },
          ),
        )([column(half)], column(tensorOf(dy)));
        expectGoldenGradient(gradient.dataSync(), dx.values);
      });
    },
  );
});

describe('batchNormActivation refuses', () => {
  beforeAll(() => useTestBackend('cpu'));
  const of = (length: number): tf.Tensor1D => tf.ones([length]);

  it.each(
    [batchNormActivation, batchNormActivationInference].flatMap((op) => [
      ...(['gamma', 'beta', 'mean', 'variance'] as const).map((wrong): [string, () => unknown] => [
        `${op.name}: ${wrong} must have the shape [3] of the channels of x, got [2].`,
        () => {
          const sizes = { gamma: of(3), beta: of(3), mean: of(3), variance: of(3), [wrong]: of(2) };
          return op(tf.zeros([2, 3]), sizes, sizes, { activation: 'relu' });
        },
      ]),
      [
        `${op.name}: the residual must have the shape [2, 3] of x, got [3, 2].`,
        () => {
          const sizes = { gamma: of(3), beta: of(3), mean: of(3), variance: of(3) };
          return op(tf.zeros([2, 3]), sizes, sizes, { activation: 'relu', residual: tf.zeros([3, 2]) });
        },
      ] as [string, () => unknown],
    ]),
  )('%s', expectRefusal);
});
