/** Running an operation with its gradients and comparing both with references. */
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { InputError } from '../../src/errors.js';
import { expectGoldenGradient, expectGoldenValues } from '../golden.js';
import { randomFloats, seeded } from '../native/shapes.js';

export interface Operand {
  readonly shape: number[];
  readonly values: Float32Array;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((all, size) => all * size, 1);

/** Floats in [−scale, scale); with `edges` about every fifth is one of them. */
export function operand(
  shape: number[],
  seed: number,
  { scale = 2, edges = [] }: { scale?: number; edges?: readonly number[] } = {},
): Operand {
  const next = seeded(seed + 1000);
  const values = randomFloats(sizeOf(shape), seed).map((value) =>
    edges.length > 0 && next() < 0.2 ? edges[Math.floor(next() * edges.length)] : value * scale,
  );
  return { shape, values };
}

/** What an operation must give for the upstream gradient dy. */
export interface Reference {
  readonly shape: readonly number[];
  readonly value: ArrayLike<number>;
  /** To each operand, in order. */
  readonly gradients: readonly ArrayLike<number>[];
}

/** The upstream gradient with which {@link expectOperation} runs an operation whose result has `shape`. */
export const upstreamOf = (shape: readonly number[]): Float32Array => randomFloats(sizeOf(shape), 99);

/** Expects value and gradients (through tf.grads) of `op` within the golden tolerance of `reference`. */
export function expectOperation(
  op: (...inputs: tf.Tensor[]) => tf.Tensor,
  operands: readonly Operand[],
  reference: Reference,
): void {
  tf.tidy(() => {
    const inputs = operands.map(({ shape, values }) => tf.tensor(values, shape));
    const value = op(...inputs);
    expect(value.shape).toEqual(reference.shape);
    expectGoldenValues(value.dataSync(), Array.from(reference.value));
    const dy = tf.tensor(upstreamOf(reference.shape), [...reference.shape]);
    const gradients = tf.grads(op)(inputs, dy);
    reference.gradients.forEach((expected, i) => {
      expect(gradients[i].shape).toEqual(operands[i].shape);
      expectGoldenGradient(gradients[i].dataSync(), Array.from(expected));
    });
  });
}

/** Expects value and gradients of `op` within the golden tolerance of those of `plain`, on the current backend. */
export function expectLikeComposition(
  op: (...inputs: tf.Tensor[]) => tf.Tensor,
  plain: (...inputs: tf.Tensor[]) => tf.Tensor,
  operands: readonly Operand[],
): void {
  tf.tidy(() => {
    const inputs = operands.map(({ shape, values }) => tf.tensor(values, shape));
    const value = plain(...inputs);
    const gradients = tf.grads(plain)(inputs, tf.tensor(upstreamOf(value.shape), value.shape));
    expectOperation(op, operands, {
      shape: value.shape,
      value: value.dataSync(),
      gradients: gradients.map((gradient) => gradient.dataSync()),
    });
  });
}

/** Expects an InputError with this message. */
export function expectRefusal(message: string, call: () => unknown): void {
  let thrown: unknown;
  tf.tidy(() => {
    try {
      call();
    } catch (error) {
      thrown = error;
    }
  });
  expect(thrown).toBeInstanceOf(InputError);
  expect((thrown as InputError).message).toBe(message);
}
