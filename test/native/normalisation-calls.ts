/** Calls of the kernels of BatchNorm, PReLU and signs, on operands drawn once. */
import type { ChannelAffineActivation } from '../../src/backends/native/kernel-calls.js';
import { addon, type Call, extremes, floatsWithEdges, guardedWords } from './kernel-runs.js';
import { guardedOutput, randomFloats, randomWords } from './shapes.js';

export const most = 4097 * 100;

// Drawn once: a test takes the front of them.
export const xs = floatsWithEdges(most, 1);
export const others = floatsWithEdges(most, 2);
export const shortcuts = floatsWithEdges(most, 8);
const wild = floatsWithEdges(most, 3, extremes);
const undefinedToo = floatsWithEdges(most, 4, [...extremes, NaN]);
const imageGradients = randomFloats(128 * 1030, 7);
// Bits beyond the last channel of a row are random too: they must not matter.
export const words = randomWords(most, 5);
export const perChannel = randomFloats(1030, 6);
export const spreads = perChannel.map((value) => 1.5 + value);
export const slopes = perChannel.map((value, c) => (c % 5 === 0 ? 0 : value));
const smallWords = (channels: number): number => Math.ceil(channels / 32);

/** A kernel with some of its options, on any number of rows and channels. */
export interface Case {
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

export const statistics =
  (x: Float32Array, slope: Float32Array | null = null) =>
  (rows: number, channels: number): Call =>
  () => {
    const [mean, variance] = twoOutputs(channels, channels, (a, b) => {
      addon.batchNormStatistics({
        ...{ rows, channels, x, slope, mean: a, variance: b },
        ...{ momentum: 0, runningMean: null, runningVariance: null },
      });
    });
    return { mean, variance };
  };

export const movedStatistics: Case['call'] = (rows, channels) => () => {
  const own = new Float32Array(channels);
  const [mean, variance] = twoOutputs(channels, channels, (a, b) => {
    a.set(perChannel.subarray(0, channels));
    b.set(spreads.subarray(0, channels));
    addon.batchNormStatistics({
      ...{ rows, channels, x: xs, slope: null, mean: own, variance: own.slice() },
      ...{ momentum: 0.2, runningMean: a, runningVariance: b },
    });
  });
  return { mean, variance };
};

export const affine: Case['call'] = (rows, channels) => () => ({
  y: guardedOutput(rows * channels, (y) => {
    addon.channelAffine({ rows, channels, x: wild, scale: spreads, shift: perChannel, y });
  }),
});

/** A call that writes signs and, unless `masked` is false, a mask. */
export const packing =
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

export const packSigns = (
  rows: number,
  channels: number,
  sign: Uint32Array,
  mask: Uint32Array | null,
): void => addon.packSigns({ rows, channels, x: undefinedToo, sign, mask });
export const affineSign =
  (slope: Float32Array | null) =>
  (rows: number, channels: number, sign: Uint32Array, mask: Uint32Array | null): void =>
    addon.channelAffineSign({
      ...{ rows, channels, x: undefinedToo, slope, scale: spreads, shift: perChannel, sign, mask },
    });

export const affineClamp =
  (masked: boolean) =>
  (rows: number, channels: number): Call =>
  () => {
    let mask: Uint32Array = new Uint32Array();
    const run = (y: Float32Array, bits: Uint32Array | null): void =>
      addon.channelAffineClamp({
        ...{ rows, channels, x: undefinedToo, scale: spreads, shift: perChannel, y, mask: bits },
      });
    const y = guardedOutput(rows * channels, (out) => {
      if (!masked) run(out, null);
      else mask = guardedWords(rows * smallWords(channels), (bits) => run(out, bits));
    });
    return { y, mask };
  };

export const affineActivation =
  (
    activation: ChannelAffineActivation['activation'],
    options: { residual?: boolean; masked?: boolean } = {},
  ) =>
  (rows: number, channels: number): Call =>
  () => {
    const residual = options.residual ? others : null;
    let mask: Uint32Array = new Uint32Array();
    const run = (out: Float32Array, bits: Uint32Array | null): void =>
      addon.channelAffineActivation({
        ...{ rows, channels, activation, x: undefinedToo, scale: spreads, shift: perChannel },
        ...{ residual, y: out, mask: bits },
      });
    const y = guardedOutput(rows * channels, (out) => {
      if (options.masked === false) run(out, null);
      else mask = guardedWords(rows * smallWords(channels), (bits) => run(out, bits));
    });
    return { y, mask };
  };

export const backward =
  (options: {
    mask?: boolean;
    addend?: boolean;
    inPlace?: boolean;
    slope?: boolean;
    /** The factor of dy outside the mask. */
    outer?: number;
    /** Where dy as it counts is written: to memory of its own, or in the place of dy. */
    upstream?: 'own' | 'dy';
    /** Of how many images each has a gradient of its own added. */
    images?: number;
  }) =>
  (rows: number, channels: number): Call =>
  () => {
    const size = rows * channels;
    const mask = options.mask ? words : null;
    const addend = options.addend ? wild.map((v) => Math.min(9, Math.max(-9, v))) : null;
    const slope = options.slope ? slopes : null;
    let [dgamma, dslope, upstream] = [
      new Float32Array(),
      new Float32Array(),
      new Float32Array(),
    ] as Float32Array[];
    const [dx, dbeta] = twoOutputs(size, channels, (d, b) => {
      if (options.inPlace) d.set(others.subarray(0, size));
      if (options.upstream) upstream = others.slice(0, size);
      const dy = options.inPlace ? d : options.upstream === 'dy' ? upstream : others;
      const kept = options.upstream ? upstream : null;
      const outer = options.outer ?? 0;
      const write = (g: Float32Array, s: Float32Array | null): void => {
        const images = options.images ?? 0;
        addon.batchNormBackward({
          ...{ rows, channels, dy, x: xs, slope, mask, outer, addend },
          ...{ mean: perChannel, inverseDeviation: spreads, gamma: slopes, upstream: kept },
          ...{ dx: d, dgamma: g, dbeta: b, dslope: s },
          ...{ images, imageDy: images > 0 ? imageGradients : null },
        });
      };
      if (slope) [dgamma, dslope] = twoOutputs(channels, channels, write);
      else dgamma = guardedOutput(channels, (g) => write(g, null));
    });
    return { dx, dgamma, dbeta, dslope, ...(options.upstream ? { upstream } : {}) };
  };

/** @param place of which operand dx takes the memory */
export const maskedGradient =
  ({ addend = false, place }: { addend?: boolean; place?: 'dy' | 'addend' } = {}) =>
  (rows: number, channels: number): Call =>
  () => {
    const [dx, sum] = twoOutputs(rows * channels, channels, (d, s) => {
      const operand = (own: Float32Array, name: typeof place): Float32Array => {
        if (place !== name) return own;
        d.set(own.subarray(0, rows * channels));
        return d;
      };
      const added = addend ? operand(xs, 'addend') : null;
      addon.maskedGradient({
        ...{ rows, channels, dy: operand(others, 'dy'), mask: words, addend: added, dx: d, sum: s },
      });
    });
    return { dx, sum };
  };

export const channelScaleBackward =
  (inPlace: boolean) =>
  (rows: number, channels: number): Call =>
  () => {
    const [dx, dscale] = twoOutputs(rows * channels, channels, (d, s) => {
      if (inPlace) d.set(others.subarray(0, rows * channels));
      addon.channelScaleBackward({
        ...{ rows, channels, dy: inPlace ? d : others, x: xs, scale: spreads, dx: d, dscale: s },
      });
    });
    return { dx, dscale };
  };

export const affineResidual =
  (options: { residual?: boolean; prelu?: boolean }) =>
  (rows: number, channels: number): Call =>
  () => ({
    y: guardedOutput(rows * channels, (y) => {
      const residual = options.residual ? others : null;
      const prelu = options.prelu
        ? { before: perChannel, slope: slopes, after: spreads }
        : { before: null, slope: null, after: null };
      addon.channelAffineResidual({
        ...{ rows, channels, x: undefinedToo, scale: spreads, shift: perChannel, residual, ...prelu, y },
      });
    }),
  });

/**
 * @param upstream whose memory it takes
 * @param dxInPlace that dx takes the memory of dy
 */
export const residualBackward =
  ({
    residual = false,
    upstream = 'own',
    dxInPlace = false,
  }: {
    residual?: boolean;
    upstream?: 'own' | 'dy' | 'dx';
    dxInPlace?: boolean;
  }) =>
  (rows: number, channels: number): Call =>
  () => {
    const size = rows * channels;
    let [through, dbeta, dslope, dafter] = [0, 0, 0, 0].map(() => new Float32Array()) as Float32Array[];
    const [dx, dgamma] = twoOutputs(size, channels, (d, g) => {
      if (dxInPlace) d.set(others.subarray(0, size));
      through = upstream === 'dx' ? d : others.slice(0, size);
      const dy = dxInPlace ? d : upstream === 'dy' ? through : others;
      const added = residual ? shortcuts : null;
      const operands = {
        ...{ dy, x: xs, scale: spreads, shift: perChannel, residual: added, before: slopes, slope: slopes },
        ...{ mean: perChannel, inverseDeviation: spreads, gamma: slopes },
      };
      [dslope, dafter] = twoOutputs(channels, channels, (s, a) => {
        dbeta = guardedOutput(channels, (b) => {
          addon.batchNormResidualBackward({
            ...{ rows, channels, ...operands, upstream: through, dx: d },
            ...{ dgamma: g, dbeta: b, dslope: s, dafter: a },
          });
        });
      });
    });
    return { dx, dgamma, dbeta, dslope, dafter, ...(upstream === 'dx' ? {} : { upstream: through }) };
  };

export const shiftedPreluBackward =
  (inPlace: boolean) =>
  (rows: number, channels: number): Call =>
  () => {
    let [dslope, dafter] = [new Float32Array(), new Float32Array()] as Float32Array[];
    const [dx, dbefore] = twoOutputs(rows * channels, channels, (d, before) => {
      if (inPlace) d.set(others.subarray(0, rows * channels));
      [dslope, dafter] = twoOutputs(channels, channels, (slope, after) => {
        const dy = inPlace ? d : others;
        addon.shiftedPreluBackward({
          ...{ rows, channels, dy, x: xs, before: perChannel, slope: slopes },
          ...{ dx: d, dbefore: before, dslope: slope, dafter: after },
        });
      });
    });
    return { dx, dbefore, dslope, dafter };
  };

export const addPrelu =
  (residual: Float32Array | null) =>
  (rows: number, channels: number): Call =>
  () => ({
    y: guardedOutput(rows * channels, (y) => {
      addon.addPrelu({ rows, channels, x: wild, residual, slope: slopes, y });
    }),
  });

export const preluBackward =
  (residual: Float32Array | null, inPlace: boolean) =>
  (rows: number, channels: number): Call =>
  () => {
    const [dv, dslope] = twoOutputs(rows * channels, channels, (d, s) => {
      if (inPlace) d.set(others.subarray(0, rows * channels));
      addon.preluBackward({
        ...{ rows, channels, dy: inPlace ? d : others, x: xs, residual, slope: slopes, dv: d, dslope: s },
      });
    });
    return { dv, dslope };
  };

export const unpack: Case['call'] = (rows, channels) => () => ({
  y: guardedOutput(rows * channels, (y) => {
    addon.unpackSigns({ rows, channels, sign: words, y });
  }),
});

export const meanMagnitude: Case['call'] = (rows, channels) => () => ({
  scale: guardedOutput(channels, (scale) => {
    addon.meanMagnitude({ rows, channels, w: xs, scale });
  }),
});
