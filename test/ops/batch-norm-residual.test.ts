import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  batchNormResidual,
  batchNormResidualInference,
  type NormResidualOptions,
} from '../../src/ops/batch-norm-residual.js';
import { channelStatistics } from '../../src/ops/channel-statistics.js';
import { backends, useTestBackend } from '../backends.js';
import { expectGoldenValues } from '../golden.js';
import { expectLikeComposition, expectRefusal, operand, type Operand } from './operation-runs.js';

const row = (tensor: tf.Tensor): tf.Tensor1D => tensor as tf.Tensor1D;
const epsilon = 1e-3;
const shapes = [
  [3, 5, 2, 9],
  [7, 33],
  [2, 2, 3, 8],
  [5, 3, 2, 16],
  [4, 70],
];
const cases = shapes.flatMap((shape) =>
  [false, true].flatMap((withResidual) =>
    [false, true].map((withPrelu) => ({ shape, withResidual, withPrelu })),
  ),
);
type Kind = (typeof cases)[number];

/** x, γ and β; then, as far as the case has them, the residual and the three parameters of the PReLU. */
function operandsOf({ shape, withResidual, withPrelu }: Kind): Operand[] {
  const channels = [shape[shape.length - 1]];
  const seeds = withPrelu ? [5, 6, 7] : [];
  return [
    operand(shape, 1),
    ...[2, 3].map((seed) => operand(channels, seed)),
    ...(withResidual ? [operand(shape, 4)] : []),
    ...seeds.map((seed) => operand(channels, seed, { scale: 0.5 })),
  ];
}

/** The options for the operands after x, γ and β. */
function optionsOf({ withResidual, withPrelu }: Kind, rest: tf.Tensor[]): NormResidualOptions {
  const [before, slope, after] = rest.slice(-3).map(row);
  return {
    epsilon,
    ...(withResidual ? { residual: rest[0] } : {}),
    ...(withPrelu ? { prelu: { before, slope, after } } : {}),
  };
}

/** By stock operations, with statistics of their own or given ones. */
function plain(kind: Kind, [x, gamma, beta, ...rest]: tf.Tensor[], given?: tf.Tensor[]): tf.Tensor {
  const { residual, prelu } = optionsOf(kind, rest);
  const axes = x.shape.slice(0, -1).map((_, axis) => axis);
  const mean = given?.[0] ?? tf.mean(x, axes);
  const centred = tf.sub(x, mean);
  const variance = given?.[1] ?? tf.mean(tf.square(centred), axes);
  const normal = tf.div(centred, tf.sqrt(tf.add(variance, epsilon)));
  const norm = tf.add(tf.mul(normal, gamma), beta);
  const v = residual ? tf.add(norm, residual) : norm;
  if (!prelu) return v;
  const u = tf.add(v, prelu.before);
  const negative = tf.mul(prelu.slope, tf.minimum(u, 0));
  return tf.add(tf.add(tf.relu(u), negative), prelu.after);
}

describe.each(backends)('batchNormResidual on %s', (backend) => {
  beforeAll(() => useTestBackend(backend));

  it.each(cases)('of $shape, residual $withResidual, PReLU $withPrelu, against stock operations', (kind) => {
    expectLikeComposition(
      (x, gamma, beta, ...rest) =>
        batchNormResidual(
          x,
          { gamma: row(gamma), beta: row(beta) },
          channelStatistics(x),
          optionsOf(kind, rest),
        ),
      (...inputs) => plain(kind, inputs),
      operandsOf(kind),
    );
  });

  it.each(cases)('of $shape, residual $withResidual, PReLU $withPrelu, with given statistics', (kind) => {
    tf.tidy(() => {
      const inputs = operandsOf(kind).map(({ shape, values }) => tf.tensor(values, shape));
      const [x, gamma, beta, ...rest] = inputs;
      const statistics = [operand(gamma.shape, 8), operand(gamma.shape, 9)].map(({ values }) =>
        tf.abs(tf.tensor1d(values)),
      );
      const [mean, variance] = statistics.map(row);
      const y = batchNormResidualInference(
        x,
        { gamma: row(gamma), beta: row(beta) },
        { mean, variance },
        optionsOf(kind, rest),
      );
      expectGoldenValues(y.dataSync(), Array.from(plain(kind, inputs, statistics).dataSync()));
    });
  });

  it.each(cases)('of $shape, residual $withResidual, PReLU $withPrelu, leaves no tensor', (kind) => {
    const inputs = operandsOf(kind).map(({ shape, values }) => tf.tensor(values, shape));
    const before = tf.memory().numTensors;
    const gradients = tf.grads((x, gamma, beta, ...rest) =>
      batchNormResidual(
        x,
        { gamma: row(gamma), beta: row(beta) },
        channelStatistics(x),
        optionsOf(kind, rest),
      ),
    )(inputs);
    expect(gradients).toHaveLength(inputs.length);
    tf.dispose(gradients);
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose(inputs);
  });
});

describe('batchNormResidual refuses', () => {
  beforeAll(() => useTestBackend('cpu'));
  const of = (length: number): tf.Tensor1D => tf.ones([length]);
  const call = (op: typeof batchNormResidual, wrong: Record<string, tf.Tensor>): unknown => {
    const sizes = { gamma: of(3), beta: of(3), mean: of(3), variance: of(3) };
    const prelu = { before: of(3), slope: of(3), after: of(3) };
    const all = { ...sizes, ...prelu, ...wrong };
    return op(tf.zeros([2, 3]), all, all, { prelu: all, residual: wrong['residual'] });
  };

  it.each(
    [batchNormResidual, batchNormResidualInference].flatMap((op) => [
      ...['gamma', 'beta', 'mean', 'variance', 'before', 'slope', 'after'].map(
        (name): [string, () => unknown] => [
          `${op.name}: ${name} must have the shape [3] of the channels of x, got [2].`,
          () => call(op, { [name]: of(2) }),
        ],
      ),
      [
        `${op.name}: the residual must have the shape [2, 3] of x, got [3, 2].`,
        () => call(op, { residual: tf.zeros([3, 2]) }),
      ] as [string, () => unknown],
    ]),
  )('%s', expectRefusal);
});
