import { afterEach, describe, expect, it } from 'vitest';
import { corners, signAt, small } from './binary-shapes.js';
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
  convTitle,
  filterSize,
  forEachChannels,
  forEachTap,
  inputSize,
  outputSize,
  type ConvShape,
} from './shapes.js';

afterEach(restoreAddon);

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
      forEachChannels(s, (c, k, row) => {
        const to = (position * s.n + image) * s.k + k;
        const filterRow = (tap * s.c) / s.groups + row;
        const weight = filterRow * s.k + k;
        const xSign = signAt(x, source * s.n + image, s.c, c);
        const wSign = signAt(w, filterRow, s.k, k);
        y[to] += scale[k] * xSign * wSign;
        dx[(source * s.n + image) * s.c + c] += scale[k] * dy[to] * wSign;
        if (Math.abs(latent[weight]) <= 1) dw[weight] += scale[k] * dy[to] * xSign;
      });
  });
  return { y, dx, dw };
}

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
