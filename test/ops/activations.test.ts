import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { approxSign, edeSign, hardClamp, leakyClip, signSte } from '../../src/ops/activations.js';
import { backends, useTestBackend } from '../backends.js';
import type { GoldenActivation } from '../golden.js';
import { expectGoldenGradient, expectGoldenValues, readGolden, tensorOf } from '../golden.js';
import { expectRefusal } from './operation-runs.js';

const activations: Readonly<Record<string, (x: tf.Tensor) => tf.Tensor>> = {
  signSte,
  approxSign,
  leakyClip,
  hardClamp,
};
const golden = readGolden<GoldenActivation[]>('activations');

/** Value and slope of an activation at single points. */
function at(activation: (x: tf.Tensor) => tf.Tensor, points: number[]): { value: number[]; slope: number[] } {
  return tf.tidy(() => {
    const x = tf.tensor1d(points);
    return { value: [...activation(x).dataSync()], slope: [...tf.grad(activation)(x).dataSync()] };
  });
}

const ABOVE = 1 + 2 ** -23;
const BELOW = 1 - 2 ** -24;
const TINY = 2 ** -149;

it('has golden values of every activation', () => {
  expect(golden.map(({ name }) => name).sort()).toEqual(Object.keys(activations).sort());
});

describe.each(backends)('activations on %s', (backend) => {
  beforeAll(() => useTestBackend(backend));

  it.each(golden)('$name agrees with PyTorch in float64', ({ name, x, dy, y, dx }) => {
    tf.tidy(() => {
      const input = tensorOf(x);
      const output = activations[name](input);
      expect(output.shape).toEqual(x.shape);
      expectGoldenValues(output.dataSync(), y.values);
      expectGoldenGradient(tf.grad(activations[name])(input, tensorOf(dy)).dataSync(), dx.values);
    });
  });

  it.each([
    { name: 'signSte', slope: [0, 1, 1, 1, 1, 1, 1, 1, 1, 0] },
    { name: 'approxSign', slope: [0, 0, 2 ** -23, 2, 2, 2, 2, 2 ** -23, 0, 0] },
  ])('$name is exactly ±1, 0 and −0 being +1, at the edges of its window', ({ name, slope }) => {
    const points = [-ABOVE, -1, -BELOW, -TINY, -0, 0, TINY, BELOW, 1, ABOVE];
    const result = at(activations[name], points);
    expect(result.value).toEqual([-1, -1, -1, -1, 1, 1, 1, 1, 1, 1]);
    expect(result.slope.map(Math.abs)).toEqual(slope);
  });

  it.each([1e-3, 0.1, 1, 2, 10])('edeSign at sharpness %d has the slope k·t·(1 − tanh²(t·x))', (t) => {
    const points = [-ABOVE, -0.5, -TINY, -0, 0, 0.01, 0.1, 0.5, 1, 3, 1000].map(Math.fround);
    const result = at((x) => edeSign(x, t), points);
    expect(result.value).toEqual(points.map((x) => (x >= 0 ? 1 : -1)));
    expectGoldenValues(
      result.slope,
      points.map((x) => Math.max(1 / t, 1) * t * (1 - Math.tanh(t * x) ** 2)),
    );
  });

  it.each([0, -1, NaN, Infinity])('edeSign refuses a sharpness of %d', (t) => {
    expectRefusal(`edeSign: the sharpness t must be a finite number above 0, got ${t}.`, () =>
      edeSign(tf.scalar(1), t),
    );
  });

  it('leakyClip is exact inside the window and continuous at its ends', () => {
    const points = [-ABOVE, -1, -0.3, 0.3, BELOW, 1, ABOVE, 11, -Infinity].map(Math.fround);
    const result = at(leakyClip, points);
    expect(result.value.slice(1, 6)).toEqual(points.slice(1, 6));
    [result.value[0], result.value[6]].forEach((value, i) =>
      expect(Math.abs(value - [-1, 1][i])).toBeLessThan(2e-7),
    );
    expect(result.value[7]).toBeCloseTo(2, 6);
    expect(result.value[8]).toBe(-Infinity);
    expect(result.slope).toEqual([0.1, 1, 1, 1, 1, 1, 0.1, 0.1, 0.1].map(Math.fround));
  });

  it('hardClamp passes the gradient at exactly ±1, where clipped weights sit', () => {
    const result = at(hardClamp, [-3, -ABOVE, -1, -0.25, 0, 1, ABOVE, Infinity]);
    expect(result.value).toEqual([-1, -1, -1, -0.25, 0, 1, 1, 1]);
    expect(result.slope).toEqual([0, 0, 1, 1, 1, 1, 0, 0]);
  });

  it.each(Object.keys(activations))(
    '%s: keeps shapes of four axes, and an infinite gradient outside is no NaN',
    (name) => {
      tf.tidy(() => {
        const x = tf.tensor4d([0.5, -0.5, 3, -3], [1, 2, 1, 2]);
        expect(activations[name](x).shape).toEqual([1, 2, 1, 2]);
        const dy = tf.tensor4d([1, 1, Infinity, Infinity], [1, 2, 1, 2]);
        const gradient = tf.grad(activations[name])(x, dy);
        expect(gradient.shape).toEqual([1, 2, 1, 2]);
        expect([...gradient.dataSync()].some(Number.isNaN)).toBe(false);
      });
    },
  );
});
