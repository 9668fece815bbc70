import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, it } from 'vitest';
import { batchNormSign, batchNormTraining } from '../../src/ops/batch-norm.js';
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

interface Kind {
  readonly stride: number;
  readonly sloped: boolean;
  readonly gated: boolean;
  /** Whether the sum has a PReLU of its own, before the residual. */
  readonly ownPrelu?: boolean;
  /** Whether nothing is added. */
  readonly alone?: boolean;
}

/** What follows the latent weights among the inputs. */
function rest(
  inputs: tf.Tensor[],
  { sloped, gated, ownPrelu }: Kind,
): Partial<Record<'slope' | 'sumSlope' | 'squeeze' | 'excite' | 'residual', tf.Tensor>> {
  const left = [...inputs];
  const next = (): tf.Tensor => left.shift()!;
  return {
    ...(sloped ? { slope: next() } : {}),
    ...(ownPrelu ? { sumSlope: next() } : {}),
    ...(gated ? { squeeze: next(), excite: next() } : {}),
    ...(left.length > 0 ? { residual: next() } : {}),
  };
}

/** The composition that the fused operation equals. The residual is its input unless one is given. */
function composed(kind: Kind): (...inputs: tf.Tensor[]) => tf.Tensor {
  return (v, gamma, beta, latent, ...others) => {
    const { slope, sumSlope, squeeze, excite, residual } = rest(others, kind);
    const x = slope ? prelu(maps(v), row(slope)) : maps(v);
    const affine = { gamma: row(gamma), beta: row(beta) };
    const statistics = channelStatistics(x);
    const signs = batchNormSign(x, affine, statistics, epsilon);
    let y = binaryConv2d(signs, maps(latent), geometryOf(kind.stride));
    if (squeeze && excite) {
      const m = tf.mean(batchNormTraining(x, affine, statistics, epsilon), [0, 1]);
      y = tf.mul(y, tf.sigmoid(tf.matMul(tf.relu(tf.matMul(m, squeeze)), excite)));
    }
    if (sumSlope) y = prelu(y, row(sumSlope));
    return kind.alone ? y : tf.add(y, residual ?? x);
  };
}

function fused(kind: Kind): (...inputs: tf.Tensor[]) => tf.Tensor {
  return (v, gamma, beta, latent, ...others) => {
    const { slope: slopes, sumSlope, squeeze, excite, residual } = rest(others, kind);
    const slope = slopes && row(slopes);
    const attention = squeeze && excite && { squeeze: squeeze as tf.Tensor2D, excite: excite as tf.Tensor2D };
    return binaryResidual(
      maps(v),
      {
        slope,
        affine: { gamma: row(gamma), beta: row(beta) },
        statistics: channelStatistics(v, { slope }),
        epsilon,
        latent: maps(latent),
        residual: kind.alone ? 'none' : (residual as tf.Tensor4D | undefined),
        sumSlope: sumSlope && row(sumSlope),
        attention,
      },
      geometryOf(kind.stride),
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
  { title: 'nothing added', h: 5, w: 5, n: 2, c: 6, k: 17, stride: 2, ownResidual: false, alone: true },
].map((block) => ({ alone: false, ...block }));

describe.each(backends)('binaryResidual on %s', (backend) => {
  beforeAll(() => useTestBackend(backend));

  it.each(
    blocks.flatMap((block) =>
      Object.keys(slopes).flatMap((sign) =>
        [0, 2].flatMap((hidden) => [false, true].map((ownPrelu) => ({ ...block, sign, hidden, ownPrelu }))),
      ),
    ),
  )(
    'is its composition: $title, $sign slopes, $hidden hidden values of a gate, own PReLU $ownPrelu',
    ({ h, w, n, c, k, stride, ownResidual, alone, sign, hidden, ownPrelu }) => {
      const out = [Math.ceil(h / stride), Math.ceil(w / stride), n, k];
      const slopeOf = slopes[sign];
      const kind = { stride, sloped: slopeOf !== undefined, gated: hidden > 0, ownPrelu, alone };
      const operands: Operand[] = [
        operand([h, w, n, c], 1),
        operand([c], 2),
        operand([c], 3, { scale: 0.5 }),
        operand([3, 3, c, k], 4, { scale: 1.5, edges: [0, 1, -1] }),
      ];
      if (slopeOf)
        operands.push({ shape: [c], values: Float32Array.from({ length: c }, (_, i) => slopeOf(i)) });
      if (ownPrelu) operands.push(operand([k], 8));
      // Large weights, so that gates differ much and some hidden values are 0.
      if (hidden > 0)
        operands.push(operand([c, hidden], 6, { scale: 3 }), operand([hidden, k], 7, { scale: 3 }));
      if (ownResidual) operands.push(operand(out, 5));
      tf.tidy(() => {
        const inputs = operands.map(({ shape, values }) => tf.tensor(values, shape));
        const dy = tf.tensor(upstreamOf(out), out);
        const value = composed(kind)(...inputs).dataSync();
        const gradients = tf
          .grads(composed(kind))(inputs, dy)
          .map((gradient) => gradient.dataSync());
        expectOperation(fused(kind), operands, { shape: out, value, gradients });
      });
    },
  );
});

describe('binaryResidual refuses what does not fit, naming it', () => {
  beforeAll(() => useTestBackend('cpu'));
  const plain = { stride: 1, sloped: false, gated: false };
  const inputs = (...residual: number[]): tf.Tensor[] => [
    tf.zeros([4, 4, 1, 3]),
    ...[tf.ones([3]), tf.zeros([3]), tf.zeros([3, 3, 3, 5])],
    ...(residual.length > 0 ? [tf.zeros(residual)] : []),
  ];

  it.each<[string, () => unknown]>([
    [
      'binaryResidual: the residual must have the shape [4, 4, 1, 5], got [4, 4, 1, 3].',
      () => fused(plain)(...inputs()),
    ],
    [
      'binaryResidual: the residual must have the shape [2, 2, 1, 5], got [4, 4, 1, 5].',
      () => fused({ ...plain, stride: 2 })(...inputs(4, 4, 1, 5)),
    ],
    [
      'binaryResidual: the input has 2 channels and the filter [3, 3, 3, 5] takes 3.',
      () => fused(plain)(tf.zeros([4, 4, 1, 2]), ...inputs().slice(1)),
    ],
    [
      'binaryResidual: the attention must have the shapes [3, hidden] and [hidden, 5], got [3, 2] and [1, 5].',
      () =>
        fused({ ...plain, gated: true })(
          ...inputs(),
          ...[tf.zeros([3, 2]), tf.zeros([1, 5]), tf.zeros([4, 4, 1, 5])],
        ),
    ],
  ])('%s', expectRefusal);
});
