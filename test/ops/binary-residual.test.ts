import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, it } from 'vitest';
import { batchNormSign, channelStatistics } from '../../src/ops/batch-norm.js';
import { binaryConv2d } from '../../src/ops/binary-conv2d.js';
import { binaryResidual } from '../../src/ops/binary-residual.js';
import { addPrelu } from '../../src/ops/prelu.js';
import { backends, useTestBackend } from '../backends.js';
import { expectOperation, expectRefusal, type Operand, operand, upstreamOf } from './operation-runs.js';

const epsilon = 1e-5;
const maps = (tensor: tf.Tensor): tf.Tensor4D => tensor as tf.Tensor4D;
const row = (tensor: tf.Tensor): tf.Tensor1D => tensor as tf.Tensor1D;
const geometryOf = (stride: number): { stride: number; pad: number } => ({ stride, pad: 1 });

/** The composition that the fused operation stands for; the residual is the input where none is given. */
function composed(stride: number): (...inputs: tf.Tensor[]) => tf.Tensor {
  return (x, gamma, beta, latent, slope, residual) => {
    const affine = { gamma: row(gamma), beta: row(beta) };
    const signs = batchNormSign(maps(x), affine, channelStatistics(x), epsilon);
    const convolved = binaryConv2d(signs, maps(latent), geometryOf(stride));
    return addPrelu(convolved, maps(residual ?? x), row(slope));
  };
}

function fused(stride: number): (...inputs: tf.Tensor[]) => tf.Tensor {
  return (x, gamma, beta, latent, slope, residual) =>
    binaryResidual(
      maps(x),
      {
        affine: { gamma: row(gamma), beta: row(beta) },
        statistics: channelStatistics(x),
        epsilon,
        latent: maps(latent),
        slope: row(slope),
        residual: residual as tf.Tensor4D | undefined,
      },
      geometryOf(stride),
    );
}

const slopes: Readonly<Record<string, (k: number) => number>> = {
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
      const slope: Operand = {
        shape: [k],
        values: Float32Array.from({ length: k }, (_, i) => slopes[sign](i)),
      };
      const operands = [
        operand([h, w, n, c], 1),
        operand([c], 2),
        operand([c], 3, { scale: 0.5 }),
        operand([3, 3, c, k], 4, { scale: 1.5, edges: [0, 1, -1] }),
        slope,
      ];
      if (ownResidual) operands.push(operand(out, 5));
      tf.tidy(() => {
        const inputs = operands.map(({ shape, values }) => tf.tensor(values, shape));
        const dy = tf.tensor(upstreamOf(out), out);
        const value = composed(stride)(...inputs).dataSync();
        const gradients = tf
          .grads(composed(stride))(inputs, dy)
          .map((gradient) => gradient.dataSync());
        expectOperation(fused(stride), operands, { shape: out, value, gradients });
      });
    },
  );
});

describe('binaryResidual refuses what does not fit, naming it', () => {
  beforeAll(() => useTestBackend('cpu'));
  const inputs = (...residual: number[]): tf.Tensor[] => [
    tf.zeros([4, 4, 1, 3]),
    ...[tf.ones([3]), tf.zeros([3]), tf.zeros([3, 3, 3, 5]), tf.ones([5])],
    ...(residual.length > 0 ? [tf.zeros(residual)] : []),
  ];

  it.each<[string, () => unknown]>([
    [
      'binaryResidual: the residual must have the shape [4, 4, 1, 5], got [4, 4, 1, 3].',
      () => fused(1)(...inputs()),
    ],
    [
      'binaryResidual: the residual must have the shape [2, 2, 1, 5], got [4, 4, 1, 5].',
      () => fused(2)(...inputs(4, 4, 1, 5)),
    ],
    [
      'binaryResidual: the input has 2 channels and the filter [3, 3, 3, 5] takes 3.',
      () => fused(1)(tf.zeros([4, 4, 1, 2]), ...inputs().slice(1)),
    ],
  ])('%s', expectRefusal);
});
