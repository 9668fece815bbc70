/** Running one kernel call on several instruction sets and comparing what it wrote. */
import { expect } from 'vitest';
import { nativeAddon } from '../../src/backends/native/addon.js';
import { largestError, sameBits, seeded } from './shapes.js';

export const addon = nativeAddon();

const initialIsa = addon.forcedIsa();
const initialThreads = addon.threads();

/** For afterEach: lifts what {@link runOn} has set. */
export function restoreAddon(): void {
  addon.forceIsa(initialIsa);
  addon.setThreads(initialThreads);
}

export type Outputs = Readonly<Record<string, Float32Array | Uint32Array>>;

/** Calls a kernel with fresh outputs and returns them. */
export type Call = () => Outputs;

/** The instruction sets of this CPU, other than the reference, that have a kernel of the family. */
export function vectorSets(family: string): string[] {
  return addon
    .kernels()
    .filter((kernel) => kernel.family === family && kernel.available && kernel.isa !== 'reference')
    .map((kernel) => kernel.isa);
}

export function runOn(isa: string, call: Call, threads = 2): Outputs {
  expect(addon.forceIsa(isa)).toBe(true);
  addon.setThreads(threads);
  return call();
}

const asBits = (array: Float32Array | Uint32Array): Float32Array =>
  new Float32Array(array.buffer, array.byteOffset, array.length);

/** Words are equal; floats are within `tolerance` (see largestError), or the same bits where it is 0. */
export function expectClose(actual: Outputs, expected: Outputs, tolerance: number, title: string): void {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, wanted] of Object.entries(expected)) {
    const got = actual[name];
    if (tolerance === 0 || wanted instanceof Uint32Array)
      expect(sameBits(asBits(got), asBits(wanted)), `${name} of ${title}: bits`).toBe(true);
    else expect(largestError(got, wanted), `${name} of ${title}: error`).toBeLessThanOrEqual(tolerance);
  }
}

/** Every set agrees with the reference. */
export function expectLikeReference(family: string, call: Call, tolerance: number, title: string): void {
  const expected = runOn('reference', call);
  for (const isa of vectorSets(family))
    expectClose(runOn(isa, call), expected, tolerance, `${isa}, ${title}`);
}

/** Every set gives the same bits on 1, 2 and 3 threads. */
export function expectSameOnAnyThreads(family: string, call: Call): void {
  for (const isa of vectorSets(family)) {
    const expected = runOn(isa, call, 1);
    for (const threads of [2, 3]) expectClose(runOn(isa, call, threads), expected, 0, `${threads} threads`);
  }
}

/** The reference and every set are close to what `compute` gives, in doubles. */
export function expectDoubles(
  family: string,
  call: Call,
  compute: () => Readonly<Record<string, ArrayLike<number>>>,
  tolerance = 1e-6,
): void {
  const expected = compute();
  for (const isa of ['reference', ...vectorSets(family)]) {
    const actual = runOn(isa, call);
    expect(Object.keys(actual)).toEqual(Object.keys(expected));
    for (const name of Object.keys(expected))
      expect(largestError(actual[name], expected[name]), `${name}, ${isa}`).toBeLessThanOrEqual(tolerance);
  }
}

/** Values where signs, clipping and rounding change, without ones that overflow a sum of squares. */
export const edges: readonly number[] = [
  0,
  -0,
  1,
  -1,
  1 + 2 ** -23,
  -1 - 2 ** -23,
  1 - 2 ** -24,
  2 ** -140,
  -(2 ** -140),
  1000,
];
export const extremes: readonly number[] = [...edges, 3e38, -3e38, Infinity, -Infinity];

/** Floats of [−3, 3) with an edge value at about every seventh place. */
export function floatsWithEdges(
  count: number,
  seed: number,
  values: readonly number[] = edges,
): Float32Array {
  const next = seeded(seed);
  const result = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const draw = next();
    result[i] = draw < 1 / 7 ? values[Math.floor(draw * 7 * values.length)] : next() * 6 - 3;
  }
  return result;
}

const guardWord = 0x5a5a5a5a;

/** Like guardedOutput, for words. */
export function guardedWords(count: number, write: (output: Uint32Array) => void): Uint32Array {
  const memory = new Uint32Array(count + 16).fill(guardWord);
  write(memory);
  expect([...memory.subarray(count)]).toEqual(new Array(16).fill(guardWord));
  return memory.slice(0, count);
}
