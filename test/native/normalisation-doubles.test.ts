import { afterEach, describe, it } from 'vitest';
import { expectDoubles, restoreAddon } from './kernel-runs.js';
import {
  backward,
  channelScaleBackward,
  maskedGradient,
  residualBackward,
  shiftedPreluBackward,
  shortcuts,
  meanMagnitude,
  movedStatistics,
  others,
  perChannel,
  preluBackward,
  slopes,
  spreads,
  statistics,
  words,
  xs,
} from './normalisation-calls.js';

afterEach(restoreAddon);

describe.each([
  [70, 3],
  [64, 16],
  [33, 40],
  [9, 1],
])('against plain doubles, %d rows of %d channels', (rows, channels) => {
  const words32 = Math.ceil(channels / 32);
  const bitAt = (i: number): number =>
    (words[Math.floor(i / channels) * words32 + Math.floor((i % channels) / 32)] >>> ((i % channels) % 32)) &
    1;
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
      const upstream = (i: number): number => (!mask || bitAt(i) ? others[i] : 0);
      const factor = (i: number): number => (slope && xs[i] <= 0 ? slopes[i % channels] : 1);
      const normal = (i: number, c: number): number => (factor(i) * xs[i] - perChannel[c]) * spreads[c];
      const dbeta = channelMean(upstream);
      const dgamma = channelMean((i, c) => upstream(i) * normal(i, c));
      const dx = Array.from({ length: rows * channels }, (_, i) => {
        const c = i % channels;
        return slopes[c] * spreads[c] * (upstream(i) - dbeta[c] - normal(i, c) * dgamma[c]);
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

  it.each([0, 0.1])('batchNormBackward with a slope of %d outside the mask, upstream kept', (outer) => {
    expectDoubles(
      'batchNormBackward',
      backward({ mask: true, outer, upstream: 'own' })(rows, channels),
      () => {
        const upstream = Array.from(
          { length: rows * channels },
          (_, i) => (bitAt(i) ? 1 : outer) * others[i],
        );
        const normal = (i: number, c: number): number => (xs[i] - perChannel[c]) * spreads[c];
        const dbeta = channelMean((i) => upstream[i]);
        const dgamma = channelMean((i, c) => upstream[i] * normal(i, c));
        return {
          dx: upstream.map((value, i) => {
            const c = i % channels;
            return slopes[c] * spreads[c] * (value - dbeta[c] - normal(i, c) * dgamma[c]);
          }),
          dgamma: dgamma.map((v) => v * rows),
          dbeta: dbeta.map((v) => v * rows),
          dslope: [],
          upstream,
        };
      },
    );
  });

  const each = (value: (i: number, c: number) => number): number[] =>
    Array.from({ length: rows * channels }, (_, i) => value(i, i % channels));
  const sums = (term: (i: number, c: number) => number): number[] => channelMean(term).map((v) => v * rows);

  it.each([false, true])('maskedGradient, addend %s', (addend) => {
    const masked = (i: number): number => (bitAt(i) ? others[i] : 0);
    expectDoubles('maskedGradient', maskedGradient({ addend })(rows, channels), () => ({
      dx: each((i) => masked(i) + (addend ? xs[i] : 0)),
      sum: sums(masked),
    }));
  });

  it.each([false, true])('batchNormResidualBackward, residual %s', (residual) => {
    // The side of 0 of what goes into the PReLU must be that of the kernel, which has it in float32.
    const u = (i: number, c: number): number => {
      const v = Math.fround(xs[i] * spreads[c] + perChannel[c]);
      return Math.fround((residual ? Math.fround(v + shortcuts[i]) : v) + slopes[c]);
    };
    const upstream = each((i, c) => (u(i, c) > 0 ? 1 : slopes[c]) * others[i]);
    const normal = (i: number, c: number): number => (xs[i] - perChannel[c]) * spreads[c];
    const dbeta = sums((i) => upstream[i]);
    const dgamma = sums((i, c) => upstream[i] * normal(i, c));
    expectDoubles('batchNormResidualBackward', residualBackward({ residual })(rows, channels), () => ({
      dx: each(
        (i, c) =>
          slopes[c] * spreads[c] * (upstream[i] - dbeta[c] / rows - (normal(i, c) * dgamma[c]) / rows),
      ),
      dgamma,
      dbeta,
      dslope: sums((i, c) => Math.min(0, u(i, c)) * others[i]),
      dafter: sums((i) => others[i]),
      upstream,
    }));
  });

  it('channelScaleBackward', () => {
    expectDoubles('channelScaleBackward', channelScaleBackward(false)(rows, channels), () => ({
      dx: each((i, c) => others[i] * spreads[c]),
      dscale: sums((i) => others[i] * xs[i]),
    }));
  });

  it('shiftedPreluBackward', () => {
    // Shifted in float32, as the kernel has it: the side of 0 must be the same.
    const v = (i: number, c: number): number => Math.fround(xs[i] + perChannel[c]);
    const dx = (i: number, c: number): number => (v(i, c) > 0 ? 1 : slopes[c]) * others[i];
    expectDoubles('shiftedPreluBackward', shiftedPreluBackward(false)(rows, channels), () => ({
      dx: each(dx),
      dbefore: sums(dx),
      dslope: sums((i, c) => (v(i, c) > 0 ? 0 : others[i] * v(i, c))),
      dafter: sums((i) => others[i]),
    }));
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
