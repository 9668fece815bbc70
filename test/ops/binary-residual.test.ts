import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, it } from 'vitest';
import { batchNormSign } from '../../src/ops/batch-norm.js';
import { channelStatistics } from '../../src/ops/channel-statistics.js';
import { binaryConv2d } from '../../src/ops/binary-conv2d.js';
import { binaryResidual } from '../../src/ops/binary-residual.js';
import { prelu } from '../../src/ops/prelu.js';
import { backends, useTestBackend } from '../backends.js';
import { expectOperation, expectRefusal, type Operand, operand, upstreamOf } from './operation-runs.js';

const epsilon = 1e-5;
const maps = (tensor: tf.Tensor): tf.Tensor4D => tensor as tf.Tensor4D;
const row = (tensor: tf.Tensor): tf.Tensor1D => tensor as tf.Tensor1D;
const geometryOf = (stride: number): { stride: number; pad: number } => ({ stride, pad: 1 });

/** The composition that the fused operation stands for; the residual is its input where none is given. */
function composed(stride: number, sloped: boolean): (...inputs: tf.Tensor[]) => tf.Tensor {
  return (v, gamma, beta, latent, ...rest) => {
    const x = sloped ? prelu(maps(v), row(rest[0])) : maps(v);
    const residual = maps(rest[sloped ? 1 : 0] ?? x);
    const signs = batchNormSign(x, { gamma: row(gamma), beta: row(beta) }, channelStatistics(x), epsilon);
    return tf.add(binaryConv2d(signs, maps(latent), geometryOf(stride)), residual);
  };
}

function fused(stride: number, sloped: boolean): (...inputs: tf.Tensor[]) => tf.Tensor {
  return (v, gamma, beta, latent, ...rest) => {
    const slope = sloped ? row(rest[0]) : undefined;
    return binaryResidual(
      maps(v),
      {
        slope,
        affine: { gamma: row(gamma), beta: row(beta) },
        statistics: channelStatistics(v, { slope }),
        epsilon,
        latent: maps(latent),
        residual: rest[sloped ? 1 : 0] as tf.Tensor4D | undefined,
      },
      geometryOf(stride),
    );
  };
}

/** Slopes of the PReLU on the input by channel; undefined for none. */
const slopes: Readonly<Record<string, ((c: number) => number) | undefined>> = {
  no: undefined,
  positive: (k) => 0.2 + 0.1 * (k % 7),
  'zero or negative': (k) => [0.25, 0, -0.5][k % 3],
};

const blocks = [
  { title: 'identity', h: 5, w: 4, n: 3, c: 9, k: 9, stride: 1, ownResidual: false },
  { title: 'residual of its own', h: 4, w: 3, n: 2, c: 33, k: 33, stride: 1, ownResidual: true },
  { title: 'stride 2', h: 7, w: 5, n: 2, c: 5, k: 11, stride: 2, ownResidual: true },
];

describe.each(backends)('binaryResidual on %s', (backend) => {
  beforeAll(() => useTestBackend(backend));

  it.each(blocks.flatMap((block) => Object.keys(slopes).map((sign) => ({ ...block, sign }))))(
    'is its composition: $title, $sign slopes',
    ({ h, w, n, c, k, stride, ownResidual, sign }) => {
      const out = [Math.ceil(h / stride), Math.ceil(w / stride), n, k];
      const slopeOf = slopes[sign];
      const operands: Operand[] = [
        operand([h, w, n, c], 1),
        operand([c], 2),
        operand([c], 3, { scale: 0.5 }),
        operand([3, 3, c, k], 4, { scale: 1.5, edges: [0, 1, -1] }),
      ];
      if (slopeOf)
        operands.push({ shape: [c], values: Float32Array.from({ length: c }, (_, i) => slopeOf(i)) });
      if (ownResidual) operands.push(operand(out, 5));
      tf.tidy(() => {
        const inputs = operands.map(({ shape, values }) => tf.tensor(values, shape));
        const dy = tf.tensor(upstreamOf(out), out);
        const value = composed(stride, slopeOf !== undefined)(...inputs).dataSync();
        const gradients = tf
          .grads(composed(stride, slopeOf !== undefined))(inputs, dy)
          .map((gradient) => gradient.dataSync());
        expectOperation(fused(stride, slopeOf !== undefined), operands, { shape: out, value, gradients });
      });
    },
  );
});

describe('binaryResidual refuses what does not fit, naming it', () => {
  beforeAll(() => useTestBackend('cpu'));
  const inputs = (...residual: number[]): tf.Tensor[] => [
    tf.zeros([4, 4, 1, 3]),
    ...[tf.ones([3]), tf.zeros([3]), tf.zeros([3, 3, 3, 5])],
    ...(residual.length > 0 ? [tf.zeros(residual)] : []),
  ];

  it.each<[string, () => unknown]>([
    [
      'binaryResidual: the residual must have the shape [4, 4, 1, 5], got [4, 4, 1, 3].',
      () => fused(1, false)(...inputs()),
    ],
    [
      'binaryResidual: the residual must have the shape [2, 2, 1, 5], got [4, 4, 1, 5].',
      () => fused(2, false)(...inputs(4, 4, 1, 5)),
    ],
    [
      'binaryResidual: the input has 2 channels and the filter [3, 3, 3, 5] takes 3.',
      () => fused(1, false)(tf.zeros([4, 4, 1, 2]), ...inputs().slice(1)),
    ],
  ])('%s', expectRefusal);
});
