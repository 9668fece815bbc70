import { afterEach, describe, expect, it } from 'vitest';
import {
  addon,
  type Call,
  edges,
  expectDoubles,
  expectLikeReference,
  expectSameOnAnyThreads,
  extremes,
  floatsWithEdges,
  guardedWords,
  restoreAddon,
  runOn,
  vectorSets,
} from './kernel-runs.js';
import { guardedOutput, randomFloats, randomWords } from './shapes.js';

const channelCounts = [1, 3, 7, 8, 9, 16, 31, 32, 33, 64, 100, 1030];
const rowCounts = [1, 2, 7, 64, 1000, 4097];
const most = 4097 * 100;

// Drawn once: a test takes the front of them.
const xs = floatsWithEdges(most, 1);
const others = floatsWithEdges(most, 2);
const wild = floatsWithEdges(most, 3, extremes);
const undefinedToo = floatsWithEdges(most, 4, [...extremes, NaN]);
// Bits beyond the last channel of a row are random too: they must not matter.
const words = randomWords(most, 5);
const perChannel = randomFloats(1030, 6);
const spreads = perChannel.map((value) => 1.5 + value);
const slopes = perChannel.map((value, c) => (c % 5 === 0 ? 0 : value));
const smallWords = (channels: number): number => Math.ceil(channels / 32);

interface Case {
  readonly family: string;
  readonly variant?: string;
  /** 0: the same bits as the reference. */
  readonly tolerance: number;
  readonly call: (rows: number, channels: number) => Call;
}

function twoOutputs(
  size: number,
  channels: number,
  write: (big: Float32Array, small: Float32Array) => void,
): [Float32Array, Float32Array] {
  let small: Float32Array = new Float32Array();
  const big = guardedOutput(size, (a) => {
    small = guardedOutput(channels, (b) => write(a, b));
  });
  return [big, small];
}

const statistics =
  (x: Float32Array, slope: Float32Array | null = null) =>
  (rows: number, channels: number): Call =>
  () => {
    const [mean, variance] = twoOutputs(channels, channels, (a, b) => {
      addon.batchNormStatistics(rows, channels, x, slope, a, b, 0, null, null);
    });
    return { mean, variance };
  };

const movedStatistics: Case['call'] = (rows, channels) => () => {
  const own = new Float32Array(channels);
  const [mean, variance] = twoOutputs(channels, channels, (a, b) => {
    a.set(perChannel.subarray(0, channels));
    b.set(spreads.subarray(0, channels));
    addon.batchNormStatistics(rows, channels, xs, null, own, own.slice(), 0.2, a, b);
  });
  return { mean, variance };
};

const affine: Case['call'] = (rows, channels) => () => ({
  y: guardedOutput(rows * channels, (y) => {
    addon.channelAffine(rows, channels, wild, spreads, perChannel, y);
  }),
});

/** A call that writes signs and, unless `masked` is false, a mask. */
const packing =
  (
    masked: boolean,
    pack: (rows: number, channels: number, sign: Uint32Array, mask: Uint32Array | null) => void,
  ) =>
  (rows: number, channels: number): Call =>
  () => {
    const count = rows * smallWords(channels);
    let mask: Uint32Array = new Uint32Array();
    const sign = guardedWords(count, (a) => {
      if (!masked) pack(rows, channels, a, null);
      else mask = guardedWords(count, (b) => pack(rows, channels, a, b));
    });
    return { sign, mask };
  };

const packSigns = (rows: number, channels: number, sign: Uint32Array, mask: Uint32Array | null): void =>
  addon.packSigns(rows, channels, undefinedToo, sign, mask);
const affineSign =
  (slope: Float32Array | null) =>
  (rows: number, channels: number, sign: Uint32Array, mask: Uint32Array | null): void =>
    addon.channelAffineSign(rows, channels, undefinedToo, slope, spreads, perChannel, sign, mask);

const affineClamp =
  (masked: boolean) =>
  (rows: number, channels: number): Call =>
  () => {
    let mask: Uint32Array = new Uint32Array();
    const y = guardedOutput(rows * channels, (out) => {
      if (!masked) addon.channelAffineClamp(rows, channels, undefinedToo, spreads, perChannel, out, null);
      else
        mask = guardedWords(rows * smallWords(channels), (bits) => {
          addon.channelAffineClamp(rows, channels, undefinedToo, spreads, perChannel, out, bits);
        });
    });
    return { y, mask };
  };

const backward =
  (options: { mask?: boolean; addend?: boolean; inPlace?: boolean; slope?: boolean }) =>
  (rows: number, channels: number): Call =>
  () => {
    const size = rows * channels;
    const mask = options.mask ? words : null;
    const addend = options.addend ? wild.map((v) => Math.min(9, Math.max(-9, v))) : null;
    const slope = options.slope ? slopes : null;
    let [dgamma, dslope] = [new Float32Array(), new Float32Array()] as Float32Array[];
    const [dx, dbeta] = twoOutputs(size, channels, (d, b) => {
      if (options.inPlace) d.set(others.subarray(0, size));
      const dy = options.inPlace ? d : others;
      const write = (g: Float32Array, s: Float32Array | null): void => {
        const parameters = [perChannel, spreads, slopes];
        addon.batchNormBackward(rows, channels, dy, xs, slope, mask, addend, ...parameters, d, g, b, s);
      };
      if (slope) [dgamma, dslope] = twoOutputs(channels, channels, write);
      else dgamma = guardedOutput(channels, (g) => write(g, null));
    });
    return { dx, dgamma, dbeta, dslope };
  };

const addPrelu =
  (residual: Float32Array | null) =>
  (rows: number, channels: number): Call =>
  () => ({
    y: guardedOutput(rows * channels, (y) => {
      addon.addPrelu(rows, channels, wild, residual, slopes, y);
    }),
  });

const preluBackward =
  (residual: Float32Array | null, inPlace: boolean) =>
  (rows: number, channels: number): Call =>
  () => {
    const [dv, dslope] = twoOutputs(rows * channels, channels, (d, s) => {
      if (inPlace) d.set(others.subarray(0, rows * channels));
      addon.preluBackward(rows, channels, inPlace ? d : others, xs, residual, slopes, d, s);
    });
    return { dv, dslope };
  };

const unpack: Case['call'] = (rows, channels) => () => ({
  y: guardedOutput(rows * channels, (y) => {
    addon.unpackSigns(rows, channels, words, y);
  }),
});

const meanMagnitude: Case['call'] = (rows, channels) => () => ({
  scale: guardedOutput(channels, (scale) => {
    addon.meanMagnitude(rows, channels, xs, scale);
  }),
});

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
    variant: 'PReLU, no mask',
    tolerance: 0,
    call: packing(false, affineSign(slopes)),
  },
  { family: 'channelAffineClamp', tolerance: 0, call: affineClamp(true) },
  { family: 'channelAffineClamp', variant: 'no mask', tolerance: 0, call: affineClamp(false) },
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

describe('against plain doubles', () => {
  const rows = 70;
  const channels = 3;
  const indices = Array.from({ length: channels }, (_, c) =>
    Array.from({ length: rows }, (_, row) => row * channels + c),
  );
  const mean = (values: number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;
  const channelMean = (term: (i: number, c: number) => number): number[] =>
    indices.map((of, c) => mean(of.map((i) => term(i, c))));

  it('batchNormStatistics', () => {
    expectDoubles('batchNormStatistics', statistics(xs)(rows, channels), () => {
      const m = channelMean((i) => xs[i]);
      return { mean: m, variance: channelMean((i, c) => (xs[i] - m[c]) ** 2) };
    });
  });

  it.each([
    [false, false],
    [true, false],
    [true, true],
  ])('batchNormBackward, mask %s, PReLU %s', (mask, slope) => {
    expectDoubles('batchNormBackward', backward({ mask, slope })(rows, channels), () => {
      const upstream = (i: number, c: number): number =>
        !mask || (words[Math.floor(i / channels)] >>> c) & 1 ? others[i] : 0;
      const factor = (i: number): number => (slope && xs[i] <= 0 ? slopes[i % channels] : 1);
      const normal = (i: number, c: number): number => (factor(i) * xs[i] - perChannel[c]) * spreads[c];
      const dbeta = channelMean(upstream);
      const dgamma = channelMean((i, c) => upstream(i, c) * normal(i, c));
      const dx = Array.from({ length: rows * channels }, (_, i) => {
        const c = i % channels;
        return slopes[c] * spreads[c] * (upstream(i, c) - dbeta[c] - normal(i, c) * dgamma[c]);
      });
      const dslope = slope ? channelMean((i) => dx[i] * Math.min(0, xs[i])) : [];
      return {
        dx: dx.map((v, i) => v * factor(i)),
        dgamma: dgamma.map((v) => v * rows),
        dbeta: dbeta.map((v) => v * rows),
        dslope: dslope.map((v) => v * rows),
      };
    });
  });

  it('batchNormStatistics moves the running statistics towards the unbiased ones', () => {
    expectDoubles('batchNormStatistics', movedStatistics(rows, channels), () => {
      const m = channelMean((i) => xs[i]);
      const v = channelMean((i, c) => (xs[i] - m[c]) ** 2).map((biased) => (biased * rows) / (rows - 1));
      return {
        mean: m.map((value, c) => 0.8 * perChannel[c] + 0.2 * value),
        variance: v.map((value, c) => 0.8 * spreads[c] + 0.2 * value),
      };
    });
  });

  it('preluBackward', () => {
    expectDoubles('preluBackward', preluBackward(null, false)(rows, channels), () => ({
      dv: Array.from(
        { length: rows * channels },
        (_, i) => (xs[i] > 0 ? 1 : slopes[i % channels]) * others[i],
      ),
      dslope: channelMean((i) => (xs[i] > 0 ? 0 : others[i] * xs[i])).map((v) => v * rows),
    }));
  });

  it('meanMagnitude', () => {
    expectDoubles('meanMagnitude', meanMagnitude(rows, channels), () => ({
      scale: channelMean((i) => Math.abs(xs[i])),
    }));
  });
});

describe.each(['reference', ...vectorSets('packSigns')])('%s', (isa) => {
  it('packs +1 for 0 and −0, −1 for NaN, and passes gradients up to ±1', () => {
    const x = Float32Array.of(...edges, NaN, Infinity, -Infinity);
    const { sign, mask } = runOn(isa, () => {
      const [s, m] = [new Uint32Array(1), new Uint32Array(1)];
      addon.packSigns(1, x.length, x, s, m);
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
      addon.channelAffineSign(1, count, x, null, scale, shift, sign, null);
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
