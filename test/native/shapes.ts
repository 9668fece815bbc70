/** Shapes, random numbers and comparisons that the tests of the native kernels share. */

import type { ConvShape } from '../../src/backends/native/kernel-calls.js';

export type { ConvShape };

export interface ConvOptions {
  readonly h: number;
  readonly w?: number;
  readonly n: number;
  readonly c: number;
  readonly k: number;
  readonly kernel: number | readonly [number, number];
  readonly stride?: number | readonly [number, number];
  /** On all four sides. */
  readonly pad?: number | readonly [number, number];
  /** Default 1. */
  readonly groups?: number;
}

const pair = (value: number | readonly [number, number]): readonly [number, number] =>
  typeof value === 'number' ? [value, value] : value;

/** The shape of a convolution with the same padding on opposite sides. */
export function convShape(options: ConvOptions): ConvShape {
  const { h, w = h, n, c, k, groups = 1 } = options;
  const [kernelH, kernelW] = pair(options.kernel);
  const [strideH, strideW] = pair(options.stride ?? 1);
  const [padTop, padLeft] = pair(options.pad ?? 0);
  const outH = Math.max(0, Math.floor((h + 2 * padTop - kernelH) / strideH) + 1);
  const outW = Math.max(0, Math.floor((w + 2 * padLeft - kernelW) / strideW) + 1);
  const pads = { padTop, padBottom: padTop, padLeft, padRight: padLeft };
  return { h, w, n, c, k, kernelH, kernelW, strideH, strideW, ...pads, outH, outW, groups };
}

export const inputSize = (s: ConvShape): number => s.h * s.w * s.n * s.c;
export const filterRows = (s: ConvShape): number => (s.kernelH * s.kernelW * s.c) / s.groups;
export const filterSize = (s: ConvShape): number => filterRows(s) * s.k;
export const outputSize = (s: ConvShape): number => s.outH * s.outW * s.n * s.k;

export function convTitle(s: ConvShape): string {
  const window = `${s.kernelH}×${s.kernelW} stride ${s.strideH},${s.strideW} pad ${s.padTop},${s.padLeft}`;
  const groups = s.groups === 1 ? '' : ` in ${s.groups} groups`;
  return `${s.h}×${s.w} ×${s.n} ${s.c}→${s.k} ${window}${groups}`;
}

/** Calls body(tap, source, position) for each tap that joins an input position and an output position. */
export function forEachTap(
  s: ConvShape,
  body: (tap: number, source: number, position: number) => void,
): void {
  for (let oy = 0; oy < s.outH; oy++)
    for (let ox = 0; ox < s.outW; ox++)
      for (let ky = 0; ky < s.kernelH; ky++)
        for (let kx = 0; kx < s.kernelW; kx++) {
          const y = oy * s.strideH + ky - s.padTop;
          const x = ox * s.strideW + kx - s.padLeft;
          if (y >= 0 && y < s.h && x >= 0 && x < s.w)
            body(ky * s.kernelW + kx, y * s.w + x, oy * s.outW + ox);
        }
}

/** Calls body(input channel, output channel, its filter's row under one tap) for each pair of channels that see each other. */
export function forEachChannels(s: ConvShape, body: (c: number, k: number, row: number) => void): void {
  const [inputs, outputs] = [s.c / s.groups, s.k / s.groups];
  for (let k = 0; k < s.k; k++)
    for (let row = 0; row < inputs; row++) body(Math.floor(k / outputs) * inputs + row, k, row);
}

/** A generator of numbers in [0, 1) that gives the same ones for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Floats in [−1, 1). */
export function randomFloats(count: number, seed: number): Float32Array {
  const next = seeded(seed);
  return Float32Array.from({ length: count }, () => next() * 2 - 1);
}

/** Whole words of random bits. */
export function randomWords(count: number, seed: number): Uint32Array {
  const next = seeded(seed);
  return Uint32Array.from({ length: count }, () => Math.floor(next() * 2 ** 32));
}

export function pick<T>(values: readonly T[], next: () => number): T {
  return values[Math.floor(next() * values.length)];
}

/** max |actual − expected| / max(|expected|, root mean square of expected); infinite where a value is missing or NaN. */
export function largestError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let squares = 0;
  for (let i = 0; i < expected.length; i++) squares += expected[i] ** 2;
  const rms = Math.sqrt(squares / Math.max(1, expected.length));
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i] - expected[i]);
    if (difference === 0) continue;
    const error = difference / Math.max(Math.abs(expected[i]), rms);
    if (!(error <= largest)) largest = Number.isNaN(error) ? Infinity : error;
  }
  return largest;
}

/** Whether two arrays hold the same bits; −0 differs from 0. */
export function sameBits(a: Float32Array, b: Float32Array): boolean {
  const bytes = (array: Float32Array): Uint8Array =>
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  return Buffer.compare(bytes(a), bytes(b)) === 0;
}

const guard = 64;
const guardValue = 12345;

/**
 * Runs `write` on an output of `count` floats, all NaN before, and returns the output. Throws when floats behind its end
 * were written.
 */
export function guardedOutput(count: number, write: (output: Float32Array) => void): Float32Array {
  const memory = new Float32Array(count + guard).fill(guardValue, count).fill(NaN, 0, count);
  write(memory);
  const broken = memory.subarray(count).findIndex((value) => value !== guardValue);
  if (broken >= 0) throw new Error(`float ${broken} behind the end of an output of ${count} was written`);
  return memory.slice(0, count);
}
