import { afterEach, describe, expect, it } from 'vitest';
import type { Elementwise } from '../../src/backends/native/kernel-calls.js';
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
import { guardedOutput } from './shapes.js';

afterEach(restoreAddon);

const most = 300_000;
const xs = floatsWithEdges(most, 1);
const ys = floatsWithEdges(most, 2);
const wild = floatsWithEdges(most, 3, extremes);
// Without infinities and zeros, so that no operation gives NaN, whose bits are not specified.
const tame = floatsWithEdges(most, 4, [1, -1, 1e-30, -1e-30, 1e30]);

const operations = [
  { name: 'add', compute: (x: number, y: number) => x + y },
  { name: 'subtract', compute: (x: number, y: number) => x - y },
  { name: 'multiply', compute: (x: number, y: number) => x * y },
  { name: 'divide', compute: (x: number, y: number) => x / y },
  { name: 'maximum', compute: (x: number, y: number) => (x > y ? x : y) },
  { name: 'minimum', compute: (x: number, y: number) => (x < y ? x : y) },
] as const;

const binary =
  (operation: Elementwise['operation'], size: number, yPeriod: number, inPlace = false): Call =>
  () => ({
    out: guardedOutput(size, (out) => {
      if (inPlace) out.set(wild.subarray(0, size));
      addon.elementwise({ operation, size, yPeriod, x: inPlace ? out : wild, y: tame, out });
    }),
  });

describe.each(operations)('$name', ({ name, compute }) => {
  const sizes = [1, 7, 8, 9, 64, 1000, 4097, 300_000];

  it.each([0, 1, 3, 8, 33, 64, 100, 1030])('agrees with the reference, y repeating every %i', (period) => {
    for (const size of sizes) {
      expectLikeReference('elementwise', binary(name, size, period), 0, `${size} floats`);
      expectLikeReference('elementwise', binary(name, size, period, true), 0, `${size} floats in place`);
    }
  });

  it.each([0, 3, 64])('matches the operation in JavaScript, y repeating every %i', (period) => {
    const size = 1000;
    const expected = Float32Array.from({ length: size }, (_, i) =>
      compute(wild[i], tame[period === 0 ? i : i % period]),
    );
    for (const isa of ['reference', ...vectorSets('elementwise')])
      expect(runOn(isa, binary(name, size, period))['out'], isa).toEqual(expected);
  });

  it('gives the same bits on any number of threads', () => {
    expectSameOnAnyThreads('elementwise', binary(name, most, 3));
  });
});

const softmax =
  (rows: number, classes: number, logarithm: boolean, x: Float32Array, inPlace = false): Call =>
  () => ({
    y: guardedOutput(rows * classes, (y) => {
      if (inPlace) y.set(x.subarray(0, rows * classes));
      addon.softmax({ rows, classes, logarithm, x: inPlace ? y : x, y });
    }),
  });

describe.each([false, true])('softmax, logarithm %s', (logarithm) => {
  it.each([1, 2, 3, 7, 8, 10, 16, 33, 100, 1000])('agrees with the reference on %i classes', (classes) => {
    for (const rows of [1, 2, 7, 250]) {
      expectLikeReference('softmax', softmax(rows, classes, logarithm, xs), 1e-6, `${rows} rows`);
      expectLikeReference(
        'softmax',
        softmax(rows, classes, logarithm, xs, true),
        1e-6,
        `${rows} rows in place`,
      );
    }
  });

  it('matches plain doubles', () => {
    const [rows, classes] = [4, 11];
    expectDoubles('softmax', softmax(rows, classes, logarithm, xs), () => {
      const y: number[] = [];
      for (let row = 0; row < rows; row++) {
        const x = [...xs.subarray(row * classes, (row + 1) * classes)];
        const largest = Math.max(...x);
        const sum = x.reduce((all, v) => all + Math.exp(v - largest), 0);
        y.push(...x.map((v) => (logarithm ? v - largest - Math.log(sum) : Math.exp(v - largest) / sum)));
      }
      return { y };
    });
  });

  it('is finite, and right, for logits of any size', () => {
    const logits = Float32Array.of(3e38, -3e38, 0, 3e38, -3e38, 1e-40, -1000, -90, 0, 1, 88, 89);
    for (const isa of ['reference', ...vectorSets('softmax')])
      for (const [rows, classes] of [
        [1, 12],
        [4, 3],
        [12, 1],
      ] as const) {
        const { y } = runOn(isa, softmax(rows, classes, logarithm, logits));
        for (let row = 0; row < rows; row++) {
          const values = [...y.subarray(row * classes, (row + 1) * classes)];
          if (!logarithm) expect(values.reduce((sum, v) => sum + v, 0)).toBeCloseTo(1, 6);
          const x = [...logits.subarray(row * classes, (row + 1) * classes)];
          expect(values[x.indexOf(Math.max(...x))]).toBe(Math.max(...values));
          expect(values.every((v) => !Number.isNaN(v) && (logarithm || (v >= 0 && v <= 1)))).toBe(true);
        }
      }
  });

  it('gives the same bits on any number of threads', () => {
    expectSameOnAnyThreads('softmax', softmax(300, 100, logarithm, xs));
  });
});

const slopes =
  (size: number, t: number): Call =>
  () => ({
    out: guardedOutput(size, (out) => addon.signSlope({ size, t, dy: ys, v: xs, out })),
  });

describe.each([0, 1e-3, 0.5, 1, 3, 10])('the slope of a sign at sharpness %d', (t) => {
  it.each([1, 7, 8, 9, 33, 1000, 4097, 100_001])('agrees with the reference on %i floats', (size) => {
    expectLikeReference('signSlope', slopes(size, t), 1e-6, '');
  });

  it('gives the same bits on any number of threads', () => {
    expectSameOnAnyThreads('signSlope', slopes(200_001, t));
  });

  it('matches plain doubles', () => {
    const size = 50;
    expectDoubles('signSlope', slopes(size, t), () => ({
      out: Float64Array.from(ys.subarray(0, size), (dy, i) => {
        const v = xs[i];
        if (t === 0) return Math.abs(v) <= 1 ? dy * (2 - 2 * Math.abs(v)) : 0;
        return (dy * Math.max(1, t)) / Math.cosh(Math.fround(t) * v) ** 2;
      }),
    }));
  });

  it('at any value, infinite ones too', () => {
    const v = Float32Array.of(0, -0, 1, -1, 1e-40, 3e38, -3e38, Infinity, NaN);
    for (const isa of ['reference', ...vectorSets('signSlope')]) {
      const { out } = runOn(isa, () => {
        const made = new Float32Array(9);
        addon.signSlope({ size: 9, t, dy: new Float32Array(9).fill(2), v, out: made });
        return { out: made };
      });
      const whole = t === 0 ? 4 : 2 * Math.max(1, t);
      const atOne = t === 0 ? 0 : whole * (1 - Math.tanh(t) ** 2);
      const wanted = [whole, whole, atOne, atOne, whole, 0, 0, 0];
      wanted.forEach((value, i) => expect(Math.abs(out[i] - value), `${isa} ${v[i]}`).toBeLessThan(1e-5));
      expect(out[8]).toEqual(t === 0 ? 0 : NaN);
    }
  });
});

interface AdamSettings {
  readonly step: number;
  readonly weightDecay: number;
  readonly clip: number;
}
const [lr, beta1, beta2, epsilon] = [1e-2, 0.9, 0.999, 1e-8];
const squares = xs.map((value) => value * value);

const adam =
  (size: number, { step, weightDecay, clip }: AdamSettings): Call =>
  () => {
    const start = (from: Float32Array, out: Float32Array): void => out.set(from.subarray(0, size));
    let [m, v] = [new Float32Array(), new Float32Array()] as [Float32Array, Float32Array];
    const w = guardedOutput(size, (a) => {
      m = guardedOutput(size, (b) => {
        v = guardedOutput(size, (c) => {
          start(ys, a);
          start(xs, b);
          start(squares, c);
          addon.adamStep({
            ...{ size, step, lr, beta1, beta2, epsilon, weightDecay, clip },
            ...{ gradient: tame.map(flatten), w: a, m: b, v: c },
          });
        });
      });
    });
    return { w, m, v };
  };
// A gradient of 1e30 overflows its own square.
const flatten = (value: number): number => (Math.abs(value) > 1e3 ? 10 : value);

describe.each<AdamSettings>([
  { step: 1, weightDecay: 0, clip: 0 },
  { step: 7, weightDecay: 0.1, clip: 0 },
  { step: 100_000, weightDecay: 0, clip: 1 },
])('Adam, step $step, weight decay $weightDecay, clip $clip', (settings) => {
  it.each([1, 2, 7, 8, 9, 31, 33, 64, 1000, 4097, 100_001])(
    'agrees with the reference on %i weights',
    (size) => {
      expectLikeReference('adamStep', adam(size, settings), 1e-6, '');
    },
  );

  it('gives the same bits on any number of threads', () => {
    expectSameOnAnyThreads('adamStep', adam(200_001, settings));
  });

  it('matches plain doubles', () => {
    const size = 50;
    const { step, weightDecay, clip } = settings;
    expectDoubles('adamStep', adam(size, settings), () => {
      const result = { w: new Float64Array(size), m: new Float64Array(size), v: new Float64Array(size) };
      const [b1, b2] = [Math.fround(beta1), Math.fround(beta2)];
      for (let i = 0; i < size; i++) {
        const g = flatten(tame[i]) + weightDecay * ys[i];
        const m = b1 * xs[i] + (1 - b1) * g;
        const v = b2 * squares[i] + (1 - b2) * g * g;
        const w = ys[i] - (lr * (m / (1 - b1 ** step))) / (Math.sqrt(v / (1 - b2 ** step)) + epsilon);
        result.w[i] = clip > 0 ? Math.max(-clip, Math.min(clip, w)) : w;
        result.m[i] = m;
        result.v[i] = v;
      }
      return result;
    });
  });
});
