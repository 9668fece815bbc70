/** Outputs too large for the caches are written past them, where the output is aligned. */
import { afterEach, describe, expect, it } from 'vitest';
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
const sums = [new Float32Array(channels), new Float32Array(channels)] as const;
const pooling = Int32Array.of(22, 20, 150, 64, 1, 2, 2, 2, 2, 0, 0, 11, 10);

const calls: readonly { family: string; tolerance: number; write: () => void }[] = [
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
      addon.batchNormBackward(rows, channels, y, x, null, words, null, p, p, p, out, ...sums, null);
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
  {
    family: 'averagePoolBackward',
    tolerance: 1e-6,
    write: () => addon.averagePoolBackward(pooling, true, x, null, out),
  },
];

afterEach(restoreAddon);

describe.each(calls)('a large output of $family', ({ family, tolerance, write }) => {
  const call = (): { out: Float32Array } => {
    out.fill(NaN);
    write();
    return { out: out.slice() };
  };

  it('agrees with the reference', () => {
    const expected = runOn('reference', call);
    expect(expected['out'].some(Number.isNaN)).toBe(false);
    for (const isa of vectorSets(family)) expectClose(runOn(isa, call), expected, tolerance, isa);
  });
});
