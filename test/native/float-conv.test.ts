import { afterEach, describe, expect, it } from 'vitest';
import { nativeAddon } from '../../src/backends/native/addon.js';
import { floatOperands, type FloatOperands } from './conv-calls.js';
import {
  convShape,
  convTitle,
  filterSize,
  forEachChannels,
  forEachTap,
  guardedOutput,
  inputSize,
  largestError,
  outputSize,
  sameBits,
  type ConvShape,
} from './shapes.js';

const addon = nativeAddon();
const initialIsa = addon.forcedIsa();
const initialThreads = addon.threads();
const tolerance = 1e-5;

/** Instruction sets besides the reference for which this CPU has a convolution of its own. */
const fastSets = addon
  .kernels()
  .filter((kernel) => kernel.family === 'floatConvForward' && kernel.available && kernel.isa !== 'reference')
  .map((kernel) => kernel.isa);

afterEach(() => {
  addon.forceIsa(initialIsa);
  addon.setThreads(initialThreads);
});

interface Results {
  readonly y: Float32Array;
  readonly dx: Float32Array;
  readonly dw: Float32Array;
}

function convolve(isa: string, s: ConvShape, { x, w, dy }: FloatOperands): Results {
  expect(addon.forceIsa(isa)).toBe(true);
  return {
    y: guardedOutput(outputSize(s), (y) => addon.floatConvForward({ shape: s, x, w, y })),
    dx: guardedOutput(inputSize(s), (dx) => addon.floatConvBackwardInput({ shape: s, dy, w, dx })),
    dw: guardedOutput(filterSize(s), (dw) => addon.floatConvBackwardFilter({ shape: s, x, dy, dw })),
  };
}

/** The definition in float64: y += x·w, dx += dy·wᵀ and dw += xᵀ·dy for each tap that joins two positions. */
function convolveInDoubles(s: ConvShape, { x, w, dy }: FloatOperands): Record<keyof Results, Float64Array> {
  const y = new Float64Array(outputSize(s));
  const dx = new Float64Array(inputSize(s));
  const dw = new Float64Array(filterSize(s));
  forEachTap(s, (tap, source, position) => {
    for (let image = 0; image < s.n; image++)
      forEachChannels(s, (c, k, row) => {
        const from = (source * s.n + image) * s.c + c;
        const weight = ((tap * s.c) / s.groups + row) * s.k + k;
        const to = (position * s.n + image) * s.k + k;
        y[to] += x[from] * w[weight];
        dx[from] += dy[to] * w[weight];
        dw[weight] += x[from] * dy[to];
      });
  });
  return { y, dx, dw };
}

const chosen = [
  { h: 1, n: 1, c: 1, k: 1, kernel: 1 },
  { h: 4, n: 2, c: 3, k: 5, kernel: 3, pad: 1 },
  { h: 5, w: 3, n: 1, c: 2, k: 17, kernel: [3, 2] as const, stride: [1, 2] as const, pad: [1, 0] as const },
  { h: 6, n: 3, c: 4, k: 3, kernel: 3, stride: 2, pad: 1 },
  { h: 3, n: 2, c: 2, k: 4, kernel: 1, pad: 2 },
  { h: 7, n: 2, c: 3, k: 2, kernel: 2, stride: 3 },
  { h: 2, n: 1, c: 3, k: 4, kernel: 5, pad: 2 },
  { h: 2, n: 2, c: 3, k: 4, kernel: 5 },
  { h: 4, n: 3, c: 6, k: 9, kernel: 3, pad: 1, groups: 3 },
].map(convShape);

const large = [
  { h: 8, n: 64, c: 16, k: 16, kernel: 3, pad: 1 },
  { h: 3, n: 7, c: 130, k: 33, kernel: 3, pad: 1 },
  { h: 3, n: 6, c: 33, k: 130, kernel: 3, pad: 1 },
  { h: 4, n: 64, c: 64, k: 64, kernel: 3, pad: 1, stride: 2 },
  { h: 2, n: 5, c: 300, k: 20, kernel: 3, pad: 1 },
  { h: 2, n: 300, c: 9, k: 18, kernel: 3, pad: 1 },
  { h: 9, n: 17, c: 3, k: 64, kernel: 7, pad: 3, stride: 2 },
  { h: 32, n: 2, c: 3, k: 64, kernel: 7, pad: 3, stride: 2 },
  { h: 40, w: 41, n: 1, c: 16, k: 24, kernel: 3, pad: 1 },
  { h: 3, n: 2, c: 260, k: 520, kernel: 1 },
  { h: 5, n: 9, c: 64, k: 32, kernel: 3, pad: 1, stride: 2, groups: 4 },
].map(convShape);

describe('the reference convolution against its definition in float64', () => {
  it.each(chosen.map((s) => [convTitle(s), s] as const))('%s', (_, s) => {
    const operands = floatOperands(s);
    const actual = convolve('reference', s, operands);
    const expected = convolveInDoubles(s, operands);
    for (const name of ['y', 'dx', 'dw'] as const)
      expect(largestError(actual[name], expected[name]), name).toBeLessThan(1e-6);
  });
});

describe.skipIf(fastSets.length === 0)('the fast convolutions (skipped where the CPU has none)', () => {
  const shapes = [...chosen, ...large];

  it.each(shapes.map((s) => [convTitle(s), s] as const))('equal the reference: %s', (_, s) => {
    const operands = floatOperands(s);
    addon.setThreads(2);
    const expected = convolve('reference', s, operands);
    for (const isa of fastSets) {
      const actual = convolve(isa, s, operands);
      for (const name of ['y', 'dx', 'dw'] as const)
        expect(largestError(actual[name], expected[name]), `${isa} ${name}`).toBeLessThan(tolerance);
    }
  });

  it.each(large.map((s) => [convTitle(s), s] as const))(
    'give the same bits on 1, 2 and 3 threads: %s',
    (_, s) => {
      const operands = floatOperands(s);
      for (const isa of fastSets) {
        const onThreads = (threads: number): Results => {
          addon.setThreads(threads);
          return convolve(isa, s, operands);
        };
        const [one, two, three] = [onThreads(1), onThreads(2), onThreads(3)];
        for (const name of ['y', 'dx', 'dw'] as const) {
          expect(sameBits(one[name], two[name]), `${isa} ${name}, 2 threads`).toBe(true);
          expect(sameBits(one[name], three[name]), `${isa} ${name}, 3 threads`).toBe(true);
        }
      }
    },
  );

  it('write zeros where no tap reaches', () => {
    const s = convShape({ h: 4, n: 2, c: 20, k: 20, kernel: 1, stride: 3, pad: 2 });
    const operands = floatOperands(s);
    const reachedTargets = new Set<number>();
    const reachedSources = new Set<number>();
    forEachTap(s, (_tap, source, position) => {
      reachedTargets.add(position);
      reachedSources.add(source);
    });
    expect(reachedTargets.size).toBeLessThan(s.outH * s.outW);
    expect(reachedSources.size).toBeLessThan(s.h * s.w);
    for (const isa of fastSets) {
      const { y, dx } = convolve(isa, s, operands);
      y.forEach((value, i) => {
        expect(value === 0).toBe(!reachedTargets.has(Math.floor(i / (s.n * s.k))));
      });
      dx.forEach((value, i) => {
        expect(value === 0).toBe(!reachedSources.has(Math.floor(i / (s.n * s.c))));
      });
    }
  });
});
