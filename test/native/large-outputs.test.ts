/** Outputs too large for the caches are written past them, where the output is aligned. */
import { afterEach, describe, expect, it } from 'vitest';
import { packedRows } from './conv-calls.js';
import { addon, expectClose, restoreAddon, runOn, vectorSets } from './kernel-runs.js';
import { type ConvShape, convShape, filterRows, randomFloats, randomWords } from './shapes.js';

const [rows, channels] = [66_000, 64];
const size = rows * channels;

/** Aligned to a page. */
const allocate = (): Float32Array => new Float32Array(addon.allocate(size * 4), 0, size);
const filled = (seed: number): Float32Array => {
  const pattern = randomFloats(10_007, seed);
  const array = allocate();
  for (let i = 0; i < size; i += pattern.length) array.set(pattern.subarray(0, size - i), i);
  return array;
};

const x = filled(1);
const y = filled(2);
const words = randomWords(size / 32, 3);
const p = randomFloats(channels, 4);
const out = allocate();
const upstream = allocate();
const [dgamma, dbeta, dslope, dafter] = Array.from({ length: 4 }, () => new Float32Array(channels));

/** A 3×3 convolution of 16 channels, whose images fill whole lines, and a 1×1 convolution of 24, whose do not. */
const convolutions = [
  convShape({ h: 21, w: 20, n: 80, c: 16, k: 16, kernel: 3, pad: 1 }),
  convShape({ h: 21, w: 20, n: 53, c: 24, k: 24, kernel: 1 }),
].map((shape: ConvShape) => ({
  name: `${shape.c} channels`,
  shape,
  bits: packedRows(shape.h * shape.w * shape.n, shape.c, 5),
  filter: packedRows(filterRows(shape), shape.k, 6),
  scale: randomFloats(shape.k, 7),
  slope: randomFloats(shape.k, 8),
}));
const pooling = convShape({ h: 22, w: 20, n: 150, c: 64, k: 64, kernel: 2, stride: 2 });

const calls: readonly { family: string; title?: string; tolerance: number; write: () => void }[] = [
  {
    family: 'channelAffine',
    tolerance: 0,
    write: () => addon.channelAffine({ rows, channels, x, scale: p, shift: p, y: out }),
  },
  {
    family: 'addPrelu',
    tolerance: 0,
    write: () => addon.addPrelu({ rows, channels, x, residual: y, slope: p, y: out }),
  },
  {
    family: 'batchNormBackward',
    tolerance: 2e-6,
    write: () => {
      addon.batchNormBackward({
        ...{ rows, channels, dy: y, x, slope: null, mask: words, outer: 0, addend: null },
        ...{ mean: p, inverseDeviation: p, gamma: p, upstream: null, dx: out, dgamma, dbeta, dslope: null },
        ...{ images: 0, imageDy: null },
      });
    },
  },
  {
    family: 'channelAffineResidual',
    tolerance: 0,
    write: () => {
      addon.channelAffineResidual({
        ...{ rows, channels, x, scale: p, shift: p, residual: y, before: p, slope: p, after: p, y: out },
      });
    },
  },
  {
    family: 'batchNormResidualBackward',
    tolerance: 2e-6,
    write: () => {
      addon.batchNormResidualBackward({
        ...{ rows, channels, dy: y, x, scale: p, shift: p, residual: x, before: p, slope: p },
        ...{ mean: p, inverseDeviation: p, gamma: p, upstream, dx: out, dgamma, dbeta, dslope, dafter },
      });
    },
  },
  {
    family: 'unpackSigns',
    tolerance: 0,
    write: () => addon.unpackSigns({ rows, channels, sign: words, y: out }),
  },
  {
    family: 'elementwise',
    tolerance: 0,
    write: () => addon.elementwise({ operation: 'add', size, yPeriod: 0, x, y, out }),
  },
  {
    family: 'swapOuter',
    tolerance: 0,
    write: () => addon.swapOuter({ outer: 66, middle: 1000, inner: channels, x, y: out }),
  },
  {
    family: 'positionMeanBackward',
    tolerance: 0,
    write: () => addon.positionMeanBackward({ positions: 66, inner: size / 66, dy: x, dx: out }),
  },
  ...convolutions.flatMap(({ name, shape, bits, filter, scale, slope }) => [
    {
      family: 'binaryConvForward',
      title: `${name}, with a residual`,
      tolerance: 1e-6,
      write: () =>
        addon.binaryConvForward({
          ...{ shape, x: bits, w: filter, scale, residual: x, residualSlope: slope },
          ...{ y: out, gate: null, sumSlope: null },
        }),
    },
    {
      family: 'binaryConvForward',
      title: name,
      tolerance: 0,
      write: () =>
        addon.binaryConvForward({
          ...{ shape, x: bits, w: filter, scale, residual: null, residualSlope: null },
          ...{ y: out, gate: null, sumSlope: null },
        }),
    },
    {
      family: 'binaryConvBackwardInput',
      title: name,
      tolerance: 1e-5,
      write: () => addon.binaryConvBackwardInput({ shape, dy: x, w: filter, scale, dx: out, gate: null }),
    },
  ]),
  {
    family: 'averagePoolBackward',
    tolerance: 1e-6,
    write: () =>
      addon.averagePoolBackward({ shape: pooling, countPadding: true, dy: x, addend: null, dx: out }),
  },
];

afterEach(restoreAddon);

describe.each(calls)('a large output of $family $title', ({ family, tolerance, write }) => {
  const call = (): { out: Float32Array } => {
    out.fill(7);
    write();
    return { out: out.slice() };
  };

  it('agrees with the reference', () => {
    const expected = runOn('reference', call);
    expect(expected['out'][0]).not.toBe(7);
    for (const isa of vectorSets(family)) expectClose(runOn(isa, call), expected, tolerance, isa);
  });
});
