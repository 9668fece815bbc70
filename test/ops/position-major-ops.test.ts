import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { binaryConv2d } from '../../src/ops/binary-conv2d.js';
import { conv2d } from '../../src/ops/conv2d.js';
import { averagePool, globalMean, maxPool } from '../../src/ops/pooling.js';
import { toBatchMajor, toPositionMajor } from '../../src/ops/position-major.js';
import { addPrelu, prelu } from '../../src/ops/prelu.js';
import { backends, useTestBackend } from '../backends.js';
import { type GoldenTensor, nhwcFromNchw, transposeGolden } from '../golden.js';
import { type ConvShape, convShape, convTitle } from '../native/shapes.js';
import { expectOperation, expectRefusal, type Operand, operand, upstreamOf } from './operation-runs.js';
import * as plain from './plain-operations.js';

const maps = (tensor: tf.Tensor): tf.Tensor4D => tensor as tf.Tensor4D;
const row = (tensor: tf.Tensor): tf.Tensor1D => tensor as tf.Tensor1D;

const inputOf = (s: ConvShape): number[] => [s.h, s.w, s.n, s.c];
const filterOf = (s: ConvShape): number[] => [s.kernelH, s.kernelW, s.c, s.k];
const outputOf = (s: ConvShape): number[] => [s.outH, s.outW, s.n, s.k];
const geometryOf = (s: ConvShape): { stride: number; pad: number } => ({ stride: s.strideH, pad: s.padTop });

const convolutions = [
  { h: 5, w: 4, n: 2, c: 3, k: 5, kernel: 3, pad: 1 },
  { h: 7, w: 5, n: 3, c: 9, k: 7, kernel: 3, stride: 2, pad: 1 },
  { h: 4, w: 6, n: 1, c: 5, k: 11, kernel: 1 },
  { h: 5, w: 3, n: 2, c: 17, k: 6, kernel: 1, stride: 2 },
  { h: 6, w: 5, n: 2, c: 2, k: 3, kernel: [3, 2] as const },
  { h: 5, w: 7, n: 1, c: 4, k: 1, kernel: 5, stride: 3, pad: 2 },
  { h: 3, w: 3, n: 3, c: 33, k: 17, kernel: 3, pad: 1 },
  { h: 2, w: 1, n: 2, c: 70, k: 40, kernel: 3, pad: 1 },
  { h: 1, w: 1, n: 1, c: 1, k: 1, kernel: 1 },
].map((options) => convShape(options));

const pools = [
  { window: 2, stride: 2, pad: 0, h: 6, w: 5 },
  { window: 3, stride: 2, pad: 1, h: 7, w: 6 },
  { window: 3, stride: 1, pad: 1, h: 4, w: 3 },
  { window: 3, stride: 3, pad: 2, h: 5, w: 7 },
  { window: 1, stride: 2, pad: 0, h: 3, w: 5 },
].map(({ h, w, ...geometry }) => {
  const { window, stride, pad } = geometry;
  return { geometry, s: convShape({ h, w, n: 2, c: 9, k: 9, kernel: window, stride, pad }) };
});

const poolTitle = ({ s }: { s: ConvShape }): string => convTitle(s);

describe.each(backends)('position-major operations on %s against plain formulas', (backend) => {
  beforeAll(() => useTestBackend(backend));

  it.each(convolutions.map((s) => [convTitle(s), s] as const))('conv2d %s', (_, s) => {
    // Small, so that the rounding of sums of hundreds of products stays far under the tolerance.
    const x = operand(inputOf(s), 1, { scale: 0.5 });
    const w = operand(filterOf(s), 2);
    const shape = outputOf(s);
    const { dx, dw } = plain.convolveGradients(s, x.values, w.values, upstreamOf(shape));
    const value = plain.convolve(s, x.values, w.values);
    expectOperation((a, b) => conv2d(maps(a), maps(b), geometryOf(s)), [x, w], {
      shape,
      value,
      gradients: [dx, dw],
    });
  });

  it('conv2d without an input gradient gives that of the filter alone', () => {
    const s = convolutions[1];
    const x = operand(inputOf(s), 1);
    const w = operand(filterOf(s), 2);
    const shape = outputOf(s);
    tf.tidy(() => {
      const constant = tf.tensor(x.values, x.shape);
      expectOperation((b) => conv2d(maps(constant), maps(b), geometryOf(s), false), [w], {
        shape,
        value: plain.convolve(s, x.values, w.values),
        gradients: [plain.convolveGradients(s, x.values, w.values, upstreamOf(shape)).dw],
      });
    });
  });

  it.each(convolutions.map((s) => [convTitle(s), s] as const))('binaryConv2d %s', (_, s) => {
    const x = operand(inputOf(s), 3);
    x.values.forEach((value, i) => (x.values[i] = plain.signOf(value)));
    const above = 1 + 2 ** -23;
    const w = operand(filterOf(s), 4, { scale: 1.5, edges: [0, -0, 1, -1, above, -above] });
    const shape = outputOf(s);
    const signs = plain.map(w.values, plain.signOf);
    const alpha = plain.meanMagnitudes(w.values, s.k);
    const scaled = plain.map(upstreamOf(shape), (value, i) => value * alpha[i % s.k]);
    const { dx, dw } = plain.convolveGradients(s, x.values, signs, scaled);
    expectOperation((a, b) => binaryConv2d(maps(a), maps(b), geometryOf(s)), [x, w], {
      shape,
      value: plain.map(plain.convolve(s, x.values, signs), (sum, i) => sum * alpha[i % s.k]),
      gradients: [dx, plain.map(dw, (value, i) => (Math.abs(w.values[i]) <= 1 ? value : 0))],
    });
  });

  it('binaryConv2d is an exact integer times the scale', () => {
    const s = convolutions[6];
    const w = operand(filterOf(s), 4);
    w.values.forEach((value, i) => (w.values[i] = value >= 0 ? 0.5 : -0.5));
    const x = plain.map(operand(inputOf(s), 3).values, plain.signOf);
    tf.tidy(() => {
      const y = binaryConv2d(
        maps(tf.tensor(x, inputOf(s))),
        maps(tf.tensor(w.values, w.shape)),
        geometryOf(s),
      );
      expect([...y.dataSync()]).toEqual(plain.convolve(s, x, w.values));
    });
  });

  describe.each(pools.map((pool) => [poolTitle(pool), pool] as const))('pooling %s', (_, { geometry, s }) => {
    const shape = [s.outH, s.outW, s.n, s.c];
    const x = operand(inputOf(s), 5);
    const dy = upstreamOf(shape);

    it.each([false, true])('averagePool, counting padding: %s', (countPadding) => {
      const { y, dx } = plain.averagePoolPlain(s, countPadding, x.values, dy);
      expectOperation((a) => averagePool(maps(a), { ...geometry, countPadding }), [x], {
        shape,
        value: y,
        gradients: [dx],
      });
    });

    it('maxPool, also of negative values at the border and of equal ones', () => {
      const ties = operand(inputOf(s), 6, { edges: [1.5, 0] });
      const negative = { ...x, values: x.values.map((value) => value - 5) };
      for (const input of [x, negative, ties]) {
        const { y, dx } = plain.maxPoolPlain(s, input.values, dy);
        expectOperation((a) => maxPool(maps(a), geometry), [input], { shape, value: y, gradients: [dx] });
      }
    });
  });

  it('globalMean', () => {
    const [h, w, n, c] = [5, 3, 2, 9];
    const x = operand([h, w, n, c], 7);
    const value = new Array<number>(n * c).fill(0);
    x.values.forEach((v, i) => (value[i % (n * c)] += v / (h * w)));
    const dy = upstreamOf([n, c]);
    const dx = plain.map(x.values, (_, i) => dy[i % (n * c)] / (h * w));
    expectOperation((a) => globalMean(maps(a)), [x], { shape: [n, c], value, gradients: [dx] });
  });

  it('toPositionMajor and toBatchMajor move values and gradients without changing them', () => {
    const golden = ({ shape, values }: Operand): GoldenTensor => ({ shape, values: [...values] });
    const x = operand([2, 5, 3, 7], 8);
    for (const [op, order, back] of [
      [toPositionMajor, [1, 2, 0, 3], [2, 0, 1, 3]],
      [toBatchMajor, [2, 0, 1, 3], [1, 2, 0, 3]],
    ] as const) {
      const moved = transposeGolden(golden(x), order);
      const upstream = { shape: moved.shape, values: [...upstreamOf(moved.shape)] };
      expectOperation((a) => op(maps(a)), [x], {
        shape: moved.shape,
        value: moved.values,
        gradients: [transposeGolden(upstream, back).values],
      });
    }
    const nchw = golden({ ...x, shape: [2, 7, 5, 3] });
    const { shape, values } = nhwcFromNchw(nchw);
    tf.tidy(() => {
      const round = toBatchMajor(toPositionMajor(maps(tf.tensor(values, shape))));
      expect([...round.dataSync()]).toEqual(values);
    });
  });

  describe.each([
    { kind: 'positive', of: (c: number) => 0.1 + 0.3 * c },
    { kind: 'zero, tiny or negative', of: (c: number) => [0.25, 0, -0.5, 1e-9, 2][c % 5] },
  ])('with slopes that are $kind', ({ of }) => {
    const shape = [3, 2, 4, 9];
    const slope: Operand = { shape: [9], values: Float32Array.from({ length: 9 }, (_, c) => of(c)) };
    const x = operand(shape, 9, { edges: [0, -0, 1, -1] });
    const dy = upstreamOf(shape);

    it('prelu', () => {
      const { y, dv, dslope } = plain.preluPlain(x.values, slope.values, dy);
      expectOperation((a, b) => prelu(a, row(b)), [x, slope], { shape, value: y, gradients: [dv, dslope] });
    });

    it('addPrelu', () => {
      const residual = operand(shape, 10, { edges: [0, 1, -1] });
      const v = x.values.map((value, i) => value + residual.values[i]);
      const { y, dv, dslope } = plain.preluPlain(v, slope.values, dy);
      expectOperation((a, b, c) => addPrelu(a, b, row(c)), [x, residual, slope], {
        shape,
        value: y,
        gradients: [dv, dv, dslope],
      });
    });
  });
});

describe('position-major operations refuse what does not fit, naming it', () => {
  beforeAll(() => useTestBackend('cpu'));
  const zeros = (...shape: number[]): tf.Tensor4D => tf.zeros(shape) as unknown as tf.Tensor4D;
  const once = { stride: 1, pad: 0 };

  it.each<[string, () => unknown]>([
    ...[conv2d, binaryConv2d].flatMap((op): [string, () => unknown][] => [
      [
        `${op.name} needs tensors of rank 4, got ranks 3 and 4.`,
        () => op(zeros(5, 5, 3), zeros(3, 3, 3, 2), once),
      ],
      [
        `${op.name}: the input has 3 channels and the filter [3, 3, 4, 2] takes 4.`,
        () => op(zeros(5, 5, 1, 3), zeros(3, 3, 4, 2), once),
      ],
      [
        `${op.name} needs a whole stride from 1 and padding from 0, got stride 0 and pad 0.`,
        () => op(zeros(5, 5, 1, 3), zeros(3, 3, 3, 2), { stride: 0, pad: 0 }),
      ],
      [
        `${op.name} needs a whole stride from 1 and padding from 0, got stride 1 and pad 0.5.`,
        () => op(zeros(5, 5, 1, 3), zeros(3, 3, 3, 2), { stride: 1, pad: 0.5 }),
      ],
      [
        `${op.name}: the filter 5×3 is larger than the padded input 4×6.`,
        () => op(zeros(2, 4, 1, 3), zeros(5, 3, 3, 2), { stride: 1, pad: 1 }),
      ],
    ]),
    [
      'averagePool needs a tensor of rank 4, got rank 2.',
      () => averagePool(zeros(4, 4), { window: 2, stride: 2, pad: 0, countPadding: true }),
    ],
    ...[
      { window: 0, stride: 1, pad: 0 },
      { window: 2, stride: 1.5, pad: 0 },
      { window: 2, stride: 2, pad: 2 },
      { window: 2, stride: 2, pad: -1 },
    ].map(({ window, stride, pad }): [string, () => unknown] => [
      `maxPool needs a whole window and stride from 1 and padding below the window, got ${window}, ${stride} and ${pad}.`,
      () => maxPool(zeros(4, 4, 1, 1), { window, stride, pad }),
    ]),
    [
      'maxPool: the window 3×3 is larger than the padded input.',
      () => maxPool(zeros(2, 5, 1, 1), { window: 3, stride: 1, pad: 0 }),
    ],
    ['globalMean needs a tensor of rank 4, got rank 3.', () => globalMean(zeros(2, 2, 2))],
    [
      'prelu: the slope must have the shape [3] of the channels of x, got [2].',
      () => prelu(zeros(2, 2, 2, 3), tf.zeros([2])),
    ],
    [
      'addPrelu: x and the residual must have the same shape, got [2, 2, 2, 3] and [2, 2, 1, 3].',
      () => addPrelu(zeros(2, 2, 2, 3), zeros(2, 2, 1, 3), tf.zeros([3])),
    ],
  ])('%s', expectRefusal);
});
