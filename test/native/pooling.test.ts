import { afterEach, describe, expect, it } from 'vitest';
import {
  addon,
  type Call,
  expectDoubles,
  expectLikeReference,
  expectSameOnAnyThreads,
  extremes,
  floatsWithEdges,
  restoreAddon,
  runOn,
  vectorSets,
} from './kernel-runs.js';
import {
  type ConvShape,
  convShape,
  convTitle,
  forEachTap,
  guardedOutput,
  inputSize,
  sameBits,
} from './shapes.js';

afterEach(restoreAddon);

const windows = [
  { h: 8, kernel: 2, stride: 2 },
  { h: 7, kernel: 2, stride: 2, pad: 1 },
  { h: 9, w: 6, kernel: 3, stride: 2, pad: 1 },
  { h: 5, kernel: 3, stride: 1, pad: 1 },
  { h: 6, w: 5, kernel: [1, 3], stride: [1, 2] },
  { h: 4, kernel: 4, stride: 1 },
  { h: 8, kernel: 2, stride: 3 },
] as const;
// [images, channels]
const inners = [
  [1, 1],
  [3, 1],
  [2, 8],
  [1, 9],
  [3, 33],
  [5, 100],
  [128, 65],
] as const;
const shapes: ConvShape[] = windows.flatMap((window) =>
  inners.map(([n, c]) => convShape({ ...window, n, c, k: 1 })),
);

const pooledSize = (s: ConvShape): number => s.outH * s.outW * s.n * s.c;
const xs = floatsWithEdges(700_000, 1);
const gradients = floatsWithEdges(700_000, 2);
// Few values, so that a window often holds its maximum twice.
const coarse = xs.map((value) => Math.round(value));
const wild = floatsWithEdges(700_000, 3, extremes);

const averagePool =
  (s: ConvShape, countPadding: boolean): Call =>
  () => ({
    y: guardedOutput(pooledSize(s), (y) => {
      addon.averagePool({ shape: s, countPadding, x: xs, y });
    }),
  });
const averagePoolBackward =
  (s: ConvShape, countPadding: boolean, added: 'nothing' | 'addend' | 'in place' = 'nothing'): Call =>
  () => ({
    dx: guardedOutput(inputSize(s), (dx) => {
      if (added === 'in place') dx.set(xs.subarray(0, inputSize(s)));
      const addend = { nothing: null, addend: xs, 'in place': dx }[added];
      addon.averagePoolBackward({ shape: s, countPadding, dy: gradients, addend, dx });
    }),
  });
const maxPool =
  (s: ConvShape, x: Float32Array): Call =>
  () => ({
    y: guardedOutput(pooledSize(s), (y) => {
      addon.maxPool({ shape: s, x, y });
    }),
  });
const maxPoolBackward =
  (s: ConvShape): Call =>
  () => {
    const y = guardedOutput(pooledSize(s), (to) => {
      addon.maxPool({ shape: s, x: coarse, y: to });
    });
    return {
      dx: guardedOutput(inputSize(s), (dx) => {
        addon.maxPoolBackward({ shape: s, dy: gradients, x: coarse, y, dx });
      }),
    };
  };

const cases = [
  { family: 'averagePool', tolerance: 1e-6, call: (s: ConvShape) => averagePool(s, false) },
  { family: 'averagePool', tolerance: 1e-6, call: (s: ConvShape) => averagePool(s, true) },
  { family: 'averagePoolBackward', tolerance: 1e-6, call: (s: ConvShape) => averagePoolBackward(s, false) },
  { family: 'averagePoolBackward', tolerance: 1e-6, call: (s: ConvShape) => averagePoolBackward(s, true) },
  {
    family: 'averagePoolBackward',
    tolerance: 1e-6,
    call: (s: ConvShape) => averagePoolBackward(s, true, 'addend'),
  },
  {
    family: 'averagePoolBackward',
    tolerance: 1e-6,
    call: (s: ConvShape) => averagePoolBackward(s, false, 'in place'),
  },
  { family: 'maxPool', tolerance: 0, call: (s: ConvShape) => maxPool(s, wild) },
  { family: 'maxPoolBackward', tolerance: 0, call: maxPoolBackward },
] as const;

describe.each(cases)('$family', ({ family, tolerance, call }) => {
  it('agrees with the reference', () => {
    for (const s of shapes) expectLikeReference(family, call(s), tolerance, convTitle(s));
  });

  it('gives the same bits on any number of threads', () => {
    expectSameOnAnyThreads(
      family,
      call(convShape({ h: 8, kernel: 3, stride: 2, pad: 1, n: 64, c: 65, k: 1 })),
    );
  });
});

describe('against plain doubles', () => {
  const s = convShape({ h: 5, w: 4, kernel: 3, stride: 2, pad: 1, n: 2, c: 5, k: 1 });
  const inner = s.n * s.c;

  /** The indices of x in the window of each element of y, in the order of the taps. */
  const windowsOf = (): number[][] => {
    const sources: number[][] = Array.from({ length: pooledSize(s) }, () => []);
    forEachTap(s, (_, source, position) => {
      for (let i = 0; i < inner; i++) sources[position * inner + i].push(source * inner + i);
    });
    return sources;
  };

  it.each([false, true])('averagePool and its gradient, padding counted %s', (countPadding) => {
    const y: number[] = [];
    const dx = new Float64Array(inputSize(s));
    windowsOf().forEach((sources, i) => {
      const divisor = countPadding ? 9 : sources.length;
      y.push(sources.reduce((sum, source) => sum + xs[source], 0) / divisor);
      for (const source of sources) dx[source] += gradients[i] / divisor;
    });
    expectDoubles('averagePool', averagePool(s, countPadding), () => ({ y }));
    expectDoubles('averagePoolBackward', averagePoolBackward(s, countPadding), () => ({ dx }));
    expectDoubles('averagePoolBackward', averagePoolBackward(s, countPadding, 'in place'), () => ({
      dx: dx.map((value, i) => value + xs[i]),
    }));
  });

  it('maxPool and its gradient, which goes to the first of equal maxima', () => {
    const y: number[] = [];
    const dx = new Float64Array(inputSize(s));
    let ties = 0;
    windowsOf().forEach((sources, i) => {
      const values = sources.map((source) => coarse[source]);
      const best = Math.max(...values);
      y.push(best);
      dx[sources[values.indexOf(best)]] += gradients[i];
      if (values.indexOf(best) !== values.lastIndexOf(best)) ties++;
    });
    expect(ties).toBeGreaterThan(0);
    expectDoubles('maxPool', maxPool(s, coarse), () => ({ y }));
    expectDoubles('maxPoolBackward', maxPoolBackward(s), () => ({ dx }));
  });
});

const positionMean =
  (positions: number, inner: number, slope: Float32Array | null = null): Call =>
  () => ({
    y: guardedOutput(inner, (y) => {
      addon.positionMean({ positions, inner, x: xs, y, channels: slope ? slope.length : 1, slope });
    }),
  });
const positionMeanBackward =
  (positions: number, inner: number): Call =>
  () => ({
    dx: guardedOutput(positions * inner, (dx) => {
      addon.positionMeanBackward({ positions, inner, dy: gradients, dx });
    }),
  });

describe('the mean over positions', () => {
  it('and its gradient agree with the reference', () => {
    for (const positions of [1, 2, 7, 64, 1000])
      for (const inner of [1, 3, 8, 33, 512, 640]) {
        const title = `${positions} × ${inner}`;
        expectLikeReference('positionMean', positionMean(positions, inner), 1e-6, title);
        for (const channels of [1, 3, 8, 11].filter((count) => inner % count === 0)) {
          const slope = gradients.slice(0, channels);
          expectLikeReference('positionMean', positionMean(positions, inner, slope), 1e-6, title);
        }
        expectLikeReference('positionMeanBackward', positionMeanBackward(positions, inner), 0, title);
      }
  });

  it('and its gradient are the same bits on any number of threads', () => {
    expectSameOnAnyThreads('positionMean', positionMean(70, 5000));
    expectSameOnAnyThreads('positionMeanBackward', positionMeanBackward(70, 5000));
  });

  it('and its gradient match plain doubles', () => {
    const [positions, inner] = [70, 9];
    const rows = Array.from({ length: positions }, (_, p) => xs.subarray(p * inner, (p + 1) * inner));
    expectDoubles('positionMean', positionMean(positions, inner), () => ({
      y: Array.from({ length: inner }, (_, i) => rows.reduce((sum, row) => sum + row[i], 0) / positions),
    }));
    const slope = Float32Array.of(0.25, -0.5, 0);
    expectDoubles('positionMean', positionMean(positions, inner, slope), () => ({
      y: Array.from({ length: inner }, (_, i) =>
        rows.reduce((sum, row) => sum + (row[i] > 0 ? row[i] : slope[i % 3] * row[i]) / positions, 0),
      ),
    }));
    expectDoubles('positionMeanBackward', positionMeanBackward(positions, inner), () => ({
      dx: rows.flatMap(() => Array.from(gradients.subarray(0, inner), (v) => v / positions)),
    }));
  });
});

describe.each(['reference', ...vectorSets('swapOuter')])('swapOuter of %s', (isa) => {
  it.each([1, 2, 3, 4, 5, 8, 9, 16, 64, 100])('moves rows of %i floats', (inner) => {
    for (const [outer, middle] of [
      [1, 1],
      [1, 70],
      [70, 1],
      [2, 3],
      [16, 64],
      [37, 101],
    ]) {
      const { y } = runOn(isa, () => ({
        y: guardedOutput(outer * middle * inner, (to) => {
          addon.swapOuter({ outer, middle, inner, x: wild, y: to });
        }),
      }));
      const expected = new Float32Array(y.length);
      for (let o = 0; o < outer; o++)
        for (let m = 0; m < middle; m++)
          expected.set(
            wild.subarray((o * middle + m) * inner, (o * middle + m + 1) * inner),
            (m * outer + o) * inner,
          );
      expect(sameBits(y as Float32Array, expected), `${outer} × ${middle}`).toBe(true);
    }
  });
});
