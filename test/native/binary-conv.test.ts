import { afterEach, describe, expect, it } from 'vitest';
import {
  binaryCalls,
  binaryConvolution,
  binaryOperands,
  directions,
  type BinaryOperands,
  type Direction,
} from './conv-calls.js';
import { expectClose, expectSameOnAnyThreads, restoreAddon, runOn, vectorSets } from './kernel-runs.js';
import {
  convShape,
  convTitle,
  filterSize,
  forEachTap,
  inputSize,
  outputSize,
  type ConvOptions,
  type ConvShape,
} from './shapes.js';

afterEach(restoreAddon);

const signAt = (bits: Uint32Array, row: number, channels: number, channel: number): number =>
  (bits[row * Math.ceil(channels / 32) + (channel >> 5)] >>> (channel & 31)) & 1 ? 1 : -1;

/** The definition in float64. */
function convolveInDoubles(
  s: ConvShape,
  { x, w, scale, dy, latent }: BinaryOperands,
): Record<Direction, Float64Array> {
  const y = new Float64Array(outputSize(s));
  const dx = new Float64Array(inputSize(s));
  const dw = new Float64Array(filterSize(s));
  forEachTap(s, (tap, source, position) => {
    for (let image = 0; image < s.n; image++)
      for (let c = 0; c < s.c; c++)
        for (let k = 0; k < s.k; k++) {
          const to = (position * s.n + image) * s.k + k;
          const weight = (tap * s.c + c) * s.k + k;
          const xSign = signAt(x, source * s.n + image, s.c, c);
          const wSign = signAt(w, tap * s.c + c, s.k, k);
          y[to] += scale[k] * xSign * wSign;
          dx[(source * s.n + image) * s.c + c] += scale[k] * dy[to] * wSign;
          if (Math.abs(latent[weight]) <= 1) dw[weight] += scale[k] * dy[to] * xSign;
        }
  });
  return { y, dx, dw };
}

const small = (
  [
    { h: 1, n: 1, c: 1, k: 1, kernel: 1 },
    { h: 4, n: 2, c: 3, k: 5, kernel: 3, pad: 1 },
    { h: 5, w: 3, n: 3, c: 9, k: 17, kernel: [3, 2], stride: [1, 2], pad: [1, 0] },
    { h: 6, n: 3, c: 33, k: 3, kernel: 3, stride: 2, pad: 1 },
    { h: 2, n: 2, c: 3, k: 34, kernel: 5, pad: 2 },
    { h: 4, n: 9, c: 20, k: 20, kernel: 1, stride: 3, pad: 2 },
  ] satisfies ConvOptions[]
).map(convShape);

/** The network's own shapes at a few images, and corners of tiles: of channels, images, rows and columns. */
const corners = (
  [
    { h: 8, n: 16, c: 64, k: 64, kernel: 3, pad: 1 },
    { h: 4, n: 17, c: 128, k: 128, kernel: 3, pad: 1 },
    { h: 3, n: 4, c: 256, k: 300, kernel: 3, pad: 1 },
    { h: 2, n: 3, c: 600, k: 130, kernel: 3, pad: 1 },
    { h: 2, n: 3, c: 130, k: 600, kernel: 3, pad: 1 },
    { h: 2, n: 2, c: 600, k: 600, kernel: 3, pad: 1 },
    { h: 16, n: 17, c: 16, k: 16, kernel: 3, pad: 1 },
    { h: 17, w: 33, n: 2, c: 16, k: 32, kernel: 3, pad: 1, stride: 2 },
    { h: 9, n: 65, c: 8, k: 8, kernel: 3, pad: 1 },
    { h: 2, n: 130, c: 33, k: 31, kernel: 3, pad: 1 },
    { h: 8, n: 5, c: 64, k: 128, kernel: 1, stride: 2 },
    { h: 3, n: 7, c: 65, k: 63, kernel: 1 },
    { h: 2, n: 2, c: 3, k: 4, kernel: 5 },
    { h: 3, n: 2, c: 2, k: 4, kernel: 1, pad: 2 },
    { h: 10, n: 3, c: 17, k: 15, kernel: [1, 7], pad: [0, 3] },
    { h: 11, n: 3, c: 17, k: 16, kernel: [7, 1], stride: [2, 1], pad: [3, 0] },
    { h: 11, n: 3, c: 5, k: 16, kernel: 7, stride: 3, pad: 3 },
    { h: 2, n: 1, c: 1400, k: 3, kernel: 7, pad: 3 },
  ] satisfies ConvOptions[]
).map(convShape);

const { families, tolerances } = binaryConvolution;
const anyFast = directions.some((name) => vectorSets(families[name]).length > 0);

describe('the reference binary convolution against its definition in float64', () => {
  it.each(small.map((s) => [convTitle(s), s] as const))('%s', (_, s) => {
    const operands = binaryOperands(s);
    const calls = binaryCalls(s, operands);
    const expected = convolveInDoubles(s, operands);
    for (const name of directions)
      expectClose(
        runOn('reference', calls[name]),
        { [name]: Float32Array.from(expected[name]) },
        1e-6,
        convTitle(s),
      );
  });
});

describe.skipIf(!anyFast)('the fast binary convolutions (skipped where the CPU has none)', () => {
  it('exist for all three directions', () => {
    for (const name of directions) expect(vectorSets(families[name])).not.toEqual([]);
  });

  it.each([...small, ...corners].map((s) => [convTitle(s), s] as const))(
    'equal the reference: %s',
    (_, s) => {
      const calls = binaryConvolution.calls(s);
      for (const name of directions) {
        const expected = runOn('reference', calls[name]);
        for (const isa of vectorSets(families[name]))
          expectClose(runOn(isa, calls[name]), expected, tolerances[name], `${isa}, ${convTitle(s)}`);
      }
    },
  );

  it.each(corners.map((s) => [convTitle(s), s] as const))(
    'give the same bits on 1, 2 and 3 threads: %s',
    (_, s) => {
      const calls = binaryConvolution.calls(s);
      for (const name of directions) expectSameOnAnyThreads(families[name], calls[name]);
    },
  );
});
