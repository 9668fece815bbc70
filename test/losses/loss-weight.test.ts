import { expect, it } from 'vitest';
import { isWeighed, type LossWeight, lossWeightAt } from '../../src/losses/loss-weight.js';

const falling = { from: 2, to: 0, course: 'linear' } as const;
const turning = { from: 1, to: 3, course: 'cosine' } as const;

it.each<[weight: LossWeight, share: number, expected: number]>([
  [0.5, 0.3, 0.5],
  [falling, 0, 2],
  [falling, 0.25, 1.5],
  [falling, 1, 0],
  [turning, 0, 1],
  [turning, 0.5, 2],
  [turning, 0.25, 2 - Math.SQRT1_2],
  [turning, 1, 3],
])('%j is at %d of the stage %d', (weight, share, expected) => {
  expect(lossWeightAt(weight, share)).toBeCloseTo(expected, 12);
});

it.each<[weight: LossWeight, expected: boolean]>([
  [0, false],
  [0.1, true],
  [falling, true],
  [{ from: 0, to: 1, course: 'linear' }, true],
  [{ from: 0, to: 0, course: 'cosine' }, false],
])('%j counts at some moment: %s', (weight, expected) => {
  expect(isWeighed(weight)).toBe(expected);
});
