/** Calls of the three directions of a convolution, in floats and in bits, on operands that depend on the shape alone. */
import { addon, type Call } from './kernel-runs.js';
import {
  filterRows,
  filterSize,
  guardedOutput,
  inputSize,
  outputSize,
  randomFloats,
  seeded,
  type ConvShape,
} from './shapes.js';

/** The results of the three directions. */
export const directions = ['y', 'dx', 'dw'] as const;
export type Direction = (typeof directions)[number];

export type Calls = Record<Direction, Call>;

/** A convolution as the tests see it. */
export interface Convolution {
  readonly families: Readonly<Record<Direction, string>>;
  /** What a fast kernel may differ from the reference; 0: the same bits. */
  readonly tolerances: Readonly<Record<Direction, number>>;
  readonly calls: (s: ConvShape) => Calls;
}

export interface FloatOperands {
  readonly x: Float32Array;
  readonly w: Float32Array;
  readonly dy: Float32Array;
}

export function floatOperands(s: ConvShape): FloatOperands {
  return {
    x: randomFloats(inputSize(s), 1),
    w: randomFloats(filterSize(s), 2),
    dy: randomFloats(outputSize(s), 3),
  };
}

export function floatCalls(s: ConvShape, { x, w, dy }: FloatOperands): Calls {
  return {
    y: () => ({ y: guardedOutput(outputSize(s), (y) => addon.floatConvForward({ shape: s, x, w, y })) }),
    dx: () => ({
      dx: guardedOutput(inputSize(s), (dx) => addon.floatConvBackwardInput({ shape: s, dy, w, dx })),
    }),
    dw: () => ({
      dw: guardedOutput(filterSize(s), (dw) => addon.floatConvBackwardFilter({ shape: s, x, dy, dw })),
    }),
  };
}

export const floatConvolution: Convolution = {
  families: { y: 'floatConvForward', dx: 'floatConvBackwardInput', dw: 'floatConvBackwardFilter' },
  tolerances: { y: 1e-5, dx: 1e-5, dw: 1e-5 },
  calls: (s) => floatCalls(s, floatOperands(s)),
};

/** Rows of `channels` random bits, the rest of each last word 0. */
export function packedRows(rows: number, channels: number, from: number): Uint32Array {
  const next = seeded(from);
  const words = Math.ceil(channels / 32);
  const tail = channels % 32 === 0 ? 0xffffffff : 2 ** (channels % 32) - 1;
  return Uint32Array.from({ length: rows * words }, (_, i) => {
    const word = Math.floor(next() * 2 ** 32) >>> 0;
    return i % words === words - 1 ? (word & tail) >>> 0 : word;
  });
}

export interface BinaryOperands {
  readonly x: Uint32Array;
  readonly w: Uint32Array;
  readonly scale: Float32Array;
  readonly dy: Float32Array;
  readonly latent: Float32Array;
  /** [n, k], or null for none. */
  readonly gate: Float32Array | null;
}

export function binaryOperands(s: ConvShape): BinaryOperands {
  return {
    x: packedRows(s.h * s.w * s.n, s.c, 1),
    w: packedRows(filterRows(s), s.k, 2),
    scale: randomFloats(s.k, 3),
    dy: randomFloats(outputSize(s), 4),
    // beyond the clipping threshold at about a third of the places, and on it
    latent: randomFloats(filterSize(s), 5).map((v, i) => (i % 11 === 0 ? Math.sign(v) : 1.5 * v)),
    gate: null,
  };
}

export function binaryCalls(s: ConvShape, { x, w, scale, dy, latent, gate }: BinaryOperands): Calls {
  return {
    y: () => ({
      y: guardedOutput(outputSize(s), (y) =>
        addon.binaryConvForward({
          shape: s,
          x,
          w,
          scale,
          residual: null,
          residualSlope: null,
          y,
          gate,
          sumSlope: null,
        }),
      ),
    }),
    dx: () => ({
      dx: guardedOutput(inputSize(s), (dx) =>
        addon.binaryConvBackwardInput({ shape: s, dy, w, scale, dx, gate }),
      ),
    }),
    dw: () => ({
      dw: guardedOutput(filterSize(s), (dw) =>
        addon.binaryConvBackwardFilter({ shape: s, x, dy, scale, latent, dw, gate }),
      ),
    }),
  };
}

export const binaryConvolution: Convolution = {
  families: { y: 'binaryConvForward', dx: 'binaryConvBackwardInput', dw: 'binaryConvBackwardFilter' },
  // Sums of signs are whole numbers: the forward pass must agree to the bit.
  tolerances: { y: 0, dx: 1e-5, dw: 1e-5 },
  calls: (s) => binaryCalls(s, binaryOperands(s)),
};
