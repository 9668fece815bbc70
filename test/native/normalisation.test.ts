import { afterEach, describe, expect, it } from 'vitest';
import {
  addon,
  edges,
  expectLikeReference,
  expectSameOnAnyThreads,
  restoreAddon,
  runOn,
  vectorSets,
} from './kernel-runs.js';
import {
  addPrelu,
  affine,
  affineActivation,
  affineClamp,
  affineSign,
  backward,
  channelScaleBackward,
  maskedGradient,
  affineResidual,
  residualBackward,
  shiftedPreluBackward,
  type Case,
  meanMagnitude,
  most,
  movedStatistics,
  others,
  packing,
  packSigns,
  preluBackward,
  slopes,
  statistics,
  unpack,
  xs,
} from './normalisation-calls.js';
import { randomFloats } from './shapes.js';

const channelCounts = [1, 3, 7, 8, 9, 16, 31, 32, 33, 48, 64, 100, 1030];
const rowCounts = [1, 2, 7, 64, 1000, 4097];

const shifted = xs.map((value) => value + 500);

const cases: readonly Case[] = [
  { family: 'batchNormStatistics', tolerance: 2e-6, call: statistics(xs) },
  { family: 'batchNormStatistics', variant: 'far from 0', tolerance: 2e-6, call: statistics(shifted) },
  { family: 'batchNormStatistics', variant: 'PReLU', tolerance: 2e-6, call: statistics(xs, slopes) },
  { family: 'batchNormStatistics', variant: 'running', tolerance: 2e-6, call: movedStatistics },
  { family: 'channelAffine', tolerance: 0, call: affine },
  { family: 'channelAffineSign', tolerance: 0, call: packing(true, affineSign(null)) },
  {
    family: 'channelAffineSign',
    variant: 'no mask',
    tolerance: 0,
    call: packing(false, affineSign(null)),
  },
  { family: 'channelAffineSign', variant: 'PReLU', tolerance: 0, call: packing(true, affineSign(slopes)) },
  {
    family: 'channelAffineSign',
    variant: 'PReLU, no mask',
    tolerance: 0,
    call: packing(false, affineSign(slopes)),
  },
  { family: 'channelAffineClamp', tolerance: 0, call: affineClamp(true) },
  { family: 'channelAffineClamp', variant: 'no mask', tolerance: 0, call: affineClamp(false) },
  ...(['relu', 'leakyClip', 'hardClamp'] as const).flatMap((variant) => [
    {
      family: 'channelAffineActivation',
      variant,
      tolerance: 0,
      call: affineActivation(variant, { residual: true }),
    },
    {
      family: 'channelAffineActivation',
      variant: `${variant}, no mask, no residual`,
      tolerance: 0,
      call: affineActivation(variant, { masked: false }),
    },
  ]),
  {
    family: 'batchNormBackward',
    variant: 'outer slope, upstream kept',
    tolerance: 5e-6,
    call: backward({ mask: true, outer: 0.1, upstream: 'own' }),
  },
  {
    family: 'batchNormBackward',
    variant: 'upstream in the place of dy',
    tolerance: 5e-6,
    call: backward({ mask: true, outer: 0.1, upstream: 'dy' }),
  },
  {
    family: 'batchNormBackward',
    variant: 'upstream kept, dx in the place of dy',
    tolerance: 5e-6,
    call: backward({ mask: true, upstream: 'own', inPlace: true }),
  },
  ...[false, true].flatMap((inPlace) => [
    {
      family: 'channelScaleBackward',
      variant: inPlace ? 'in place' : '',
      tolerance: 5e-6,
      call: channelScaleBackward(inPlace),
    },
    {
      family: 'shiftedPreluBackward',
      variant: inPlace ? 'in place' : '',
      tolerance: 5e-6,
      call: shiftedPreluBackward(inPlace),
    },
  ]),
  { family: 'maskedGradient', tolerance: 5e-6, call: maskedGradient() },
  {
    family: 'maskedGradient',
    variant: 'in the place of dy',
    tolerance: 5e-6,
    call: maskedGradient({ place: 'dy' }),
  },
  {
    family: 'maskedGradient',
    variant: 'addend',
    tolerance: 5e-6,
    call: maskedGradient({ addend: true, place: 'dy' }),
  },
  {
    family: 'maskedGradient',
    variant: 'in the place of the addend',
    tolerance: 5e-6,
    call: maskedGradient({ addend: true, place: 'addend' }),
  },
  ...[false, true].flatMap((residual) => [
    {
      family: 'channelAffineResidual',
      variant: `residual: ${residual}`,
      tolerance: 0,
      call: affineResidual({ residual }),
    },
    {
      family: 'channelAffineResidual',
      variant: `PReLU, residual: ${residual}`,
      tolerance: 0,
      call: affineResidual({ residual, prelu: true }),
    },
    {
      family: 'batchNormResidualBackward',
      variant: `residual: ${residual}`,
      tolerance: 5e-6,
      call: residualBackward({ residual }),
    },
  ]),
  {
    family: 'batchNormResidualBackward',
    variant: 'upstream in the place of dy',
    tolerance: 5e-6,
    call: residualBackward({ residual: true, upstream: 'dy' }),
  },
  {
    family: 'batchNormResidualBackward',
    variant: 'dx in the place of dy',
    tolerance: 5e-6,
    call: residualBackward({ residual: true, dxInPlace: true }),
  },
  {
    family: 'batchNormResidualBackward',
    variant: 'all in the place of dy',
    tolerance: 5e-6,
    call: residualBackward({ upstream: 'dx', dxInPlace: true }),
  },
  { family: 'batchNormBackward', tolerance: 5e-6, call: backward({}) },
  { family: 'batchNormBackward', variant: 'mask', tolerance: 5e-6, call: backward({ mask: true }) },
  {
    family: 'batchNormBackward',
    variant: 'all',
    tolerance: 5e-6,
    call: backward({ mask: true, addend: true, inPlace: true }),
  },
  {
    family: 'batchNormBackward',
    variant: 'PReLU and all',
    tolerance: 5e-6,
    call: backward({ mask: true, addend: true, inPlace: true, slope: true }),
  },
  ...[1, 5, 128].map((images) => ({
    family: 'batchNormBackward',
    variant: `of ${images} images`,
    tolerance: 5e-6,
    call: backward({ mask: true, addend: true, inPlace: true, slope: true, images }),
  })),
  { family: 'addPrelu', tolerance: 0, call: addPrelu(null) },
  { family: 'addPrelu', variant: 'residual', tolerance: 0, call: addPrelu(others) },
  { family: 'preluBackward', tolerance: 2e-6, call: preluBackward(null, false) },
  {
    family: 'preluBackward',
    variant: 'residual, in place',
    tolerance: 2e-6,
    call: preluBackward(others, true),
  },
  { family: 'packSigns', tolerance: 0, call: packing(true, packSigns) },
  { family: 'packSigns', variant: 'no mask', tolerance: 0, call: packing(false, packSigns) },
  { family: 'unpackSigns', tolerance: 0, call: unpack },
  { family: 'meanMagnitude', tolerance: 2e-6, call: meanMagnitude },
];

afterEach(restoreAddon);

describe.each(cases)('$family $variant', ({ family, tolerance, call }) => {
  it.each(channelCounts)('agrees with the reference on %i channels', (channels) => {
    for (const rows of rowCounts.filter((count) => count * channels <= most))
      expectLikeReference(family, call(rows, channels), tolerance, `${rows} rows`);
  });

  it.each([33, 64])('gives the same bits on any number of threads, %i channels', (channels) => {
    expectSameOnAnyThreads(family, call(4097, channels));
  });
});

describe.each(['reference', ...vectorSets('packSigns')])('%s', (isa) => {
  it('packs +1 for 0 and −0, −1 for NaN, and passes gradients up to ±1', () => {
    const x = Float32Array.of(...edges, NaN, Infinity, -Infinity);
    const { sign, mask } = runOn(isa, () => {
      const [s, m] = [new Uint32Array(1), new Uint32Array(1)];
      addon.packSigns({ rows: 1, channels: x.length, x, sign: s, mask: m });
      return { sign: s, mask: m };
    });
    const bits = (test: (value: number) => boolean): number =>
      x.reduce((all, v, i) => all | (Number(test(v)) << i), 0);
    expect(sign[0]).toBe(bits((v) => v >= 0));
    expect(mask[0]).toBe(bits((v) => Math.abs(v) <= 1));
  });

  it('decides the sign of x · scale + shift without rounding the product', () => {
    const count = 4000;
    const x = randomFloats(count, 7);
    const scale = randomFloats(count, 8);
    const shift = x.map((value, i) => Math.fround(-value * scale[i]));
    const sign = new Uint32Array(count / 32);
    runOn(isa, () => {
      addon.channelAffineSign({
        ...{ rows: 1, channels: count, x, slope: null, scale, shift },
        ...{ sign, mask: null },
      });
      return {};
    });
    // A product of floats is exact in a double, so that the sign of the sum is right.
    const wanted = Array.from(x, (value, i) => Number(value * scale[i] + shift[i] >= 0));
    expect(wanted.filter((bit) => bit === 0).length).toBeGreaterThan(count / 4);
    expect(Array.from(x, (_, i) => (sign[i >>> 5] >>> (i & 31)) & 1)).toEqual(wanted);
  });

  it('gives a constant channel its value and the variance 0', () => {
    const channels = 5;
    const x = new Float32Array(3001 * channels).map(
      (_, i) => [0.1, 1 / 3, -1e-20, 0, 12345.678][i % channels],
    );
    const { mean, variance } = runOn(isa, statistics(x)(3001, channels));
    expect([...mean]).toEqual([...x.subarray(0, channels)]);
    expect([...variance]).toEqual([0, 0, 0, 0, 0]);
  });
});
