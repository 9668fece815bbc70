/** Outputs too large for the caches are written past them, where the output is aligned. */
import { afterEach, describe, expect, it } from 'vitest';
import { packedRows } from './conv-calls.js';
import { addon, expectClose, restoreAddon, runOn, vectorSets } from './kernel-runs.js';
import { randomFloats, randomWords } from './shapes.js';

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
const parameters = randomFloats(channels, 4);
const out = allocate();
const upstream = allocate();
const fourSums = Array.from({ length: 4 }, () => new Float32Array(channels));
const sums = fourSums.slice(2);

/** A 3×3 convolution of 16 channels, whose images fill whole lines, and a 1×1 convolution of 24, whose do not. */
const convolutions = [
  { c: 16, k: 16, shape: Int32Array.of(21, 20, 80, 16, 16, 3, 3, 1, 1, 1, 1, 21, 20, 1) },
  { c: 24, k: 24, shape: Int32Array.of(21, 20, 53, 24, 24, 1, 1, 1, 1, 0, 0, 21, 20, 1) },
].map(({ c, k, shape }) => ({
  name: `${c} channels`,
  shape,
  bits: packedRows(shape[0] * shape[1] * shape[2], c, 5),
  filter: packedRows(shape[5] * shape[6] * c, k, 6),
  scale: randomFloats(k, 7),
  slope: randomFloats(k, 8),
}));
const pooling = Int32Array.of(22, 20, 150, 64, 1, 2, 2, 2, 2, 0, 0, 11, 10, 1);

const calls: readonly { family: string; title?: string; tolerance: number; write: () => void }[] = [
  {
    family: 'channelAffine',
    tolerance: 0,
    write: () => addon.channelAffine(rows, channels, x, parameters, parameters, out),
  },
  { family: 'addPrelu', tolerance: 0, write: () => addon.addPrelu(rows, channels, x, y, parameters, out) },
  {
    family: 'batchNormBackward',
    tolerance: 2e-6,
    write: () => {
      const p = parameters;
      addon.batchNormBackward(rows, channels, y, x, null, words, 0, null, p, p, p, null, out, ...sums, null);
    },
  },
  {
    family: 'channelAffineResidual',
    tolerance: 0,
    write: () => {
      const p = parameters;
      addon.channelAffineResidual(rows, channels, x, p, p, y, p, p, p, out);
    },
  },
  {
    family: 'batchNormResidualBackward',
    tolerance: 2e-6,
    write: () => {
      const p = parameters;
      addon.batchNormResidualBackward(
        ...[rows, channels, y, x, p, p, x, p, p, p, p, p, upstream, out, ...fourSums],
      );
    },
  },
  { family: 'unpackSigns', tolerance: 0, write: () => addon.unpackSigns(rows, channels, words, out) },
  { family: 'elementwise', tolerance: 0, write: () => addon.elementwise(0, size, 0, x, y, out) },
  { family: 'swapOuter', tolerance: 0, write: () => addon.swapOuter(66, 1000, channels, x, out) },
  {
    family: 'positionMeanBackward',
    tolerance: 0,
    write: () => addon.positionMeanBackward(66, size / 66, x, out),
  },
  ...convolutions.flatMap(({ name, shape, bits, filter, scale, slope }) => [
    {
      family: 'binaryConvForward',
      title: `${name}, with a residual`,
      tolerance: 1e-6,
      write: () => addon.binaryConvForward(shape, bits, filter, scale, x, slope, out),
    },
    {
      family: 'binaryConvForward',
      title: name,
      tolerance: 0,
      write: () => addon.binaryConvForward(shape, bits, filter, scale, null, null, out),
    },
    {
      family: 'binaryConvBackwardInput',
      title: name,
      tolerance: 1e-5,
      write: () => addon.binaryConvBackwardInput(shape, x, filter, scale, out),
    },
  ]),
  {
    family: 'averagePoolBackward',
    tolerance: 1e-6,
    write: () => addon.averagePoolBackward(pooling, true, x, null, out),
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
