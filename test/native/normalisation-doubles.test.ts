import { afterEach, describe, it } from 'vitest';
import { expectDoubles, restoreAddon } from './kernel-runs.js';
import {
  backward,
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
