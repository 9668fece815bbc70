import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

/** A tensor as the golden files hold it: row by row. */
export interface GoldenTensor {
  readonly shape: number[];
  readonly values: number[];
}

/** One entry of losses.json. */
export interface GoldenLoss {
  readonly name: string;
  readonly note: string;
  readonly params: { readonly temperature?: number; readonly epsilon?: number };
  readonly inputs: Readonly<Record<string, GoldenTensor>>;
  readonly value: number;
  readonly gradients: Readonly<Record<string, GoldenTensor>>;
}

/** One entry of activations.json. */
export interface GoldenActivation {
  readonly name: string;
  readonly x: GoldenTensor;
  readonly dy: GoldenTensor;
  readonly y: GoldenTensor;
  readonly dx: GoldenTensor;
}

/** Reads a file of test/fixtures/golden, as what the caller knows it to hold. */
export function readGolden<T>(name: 'losses' | 'activations' | 'blocks' | 'optim'): T {
  return JSON.parse(readFileSync(new URL(`./fixtures/golden/${name}.json`, import.meta.url), 'utf8')) as T;
}

/** Reorders the axes: axis i of the result is axis order[i] of the input. */
export function transposeGolden({ shape, values }: GoldenTensor, order: readonly number[]): GoldenTensor {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const turned = order.map((axis) => shape[axis]);
  const result = values.map((_, position) => {
    let rest = position;
    let source = 0;
    for (let i = order.length - 1; i >= 0; i--) {
      source += (rest % turned[i]) * strides[order[i]];
      rest = Math.floor(rest / turned[i]);
    }
    return values[source];
  });
  return { shape: turned, values: result };
}

/** Images and feature maps: from the files' NCHW to our NHWC. */
export const nhwcFromNchw = (tensor: GoldenTensor): GoldenTensor => transposeGolden(tensor, [0, 2, 3, 1]);

/** Convolution filters: from the files' OIHW to our HWIO. */
export const hwioFromOihw = (tensor: GoldenTensor): GoldenTensor => transposeGolden(tensor, [2, 3, 1, 0]);

/** A golden tensor on the current backend. */
export function tensorOf<T extends tf.Tensor = tf.Tensor>(
  { shape, values }: GoldenTensor,
  dtype: 'float32' | 'int32' = 'float32',
): T {
  return tf.tensor(values, shape, dtype) as T;
}

/** Expects each value within 1e-5 · max(1, |reference|) of its reference. */
export function expectGoldenValues(actual: ArrayLike<number>, reference: readonly number[]): void {
  expectWithin(actual, reference, (value) => 1e-5 * Math.max(1, Math.abs(value)));
}

/** Expects each element within 1e-5 of the largest magnitude of the reference tensor plus 1e-7. */
export function expectGoldenGradient(actual: ArrayLike<number>, reference: readonly number[]): void {
  const largest = reference.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expectWithin(actual, reference, () => 1e-5 * largest + 1e-7);
}

function expectWithin(
  actual: ArrayLike<number>,
  reference: readonly number[],
  tolerance: (value: number) => number,
): void {
  expect(actual.length).toBe(reference.length);
  const misses = reference.flatMap((value, i) =>
    Math.abs(actual[i] - value) <= tolerance(value) ? [] : [`[${i}] is ${actual[i]}, reference ${value}`],
  );
  expect(misses).toEqual([]);
}
