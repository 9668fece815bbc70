import { expect, it } from 'vitest';
import { mixTargets } from '../../src/teacher/mix-targets.js';

const softmax = (logits: readonly number[], T: number): number[] => {
  const most = Math.max(...logits);
  const powers = logits.map((z) => Math.exp((z - most) / T));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
};
const rows = [
  [2, -1, 0.5],
  [40, -60, 3],
  [0, 0, 0],
] as const;
const partner = Uint32Array.of(1, 2, 0);
const logits = Float32Array.from(rows.flat());

it.each([
  [0.3, 1],
  [0.3, 4],
  [0.85, 2],
  [1, 4],
  [0, 4],
])('mixes probabilities: λ = %d at T = %d', (lambda, T) => {
  const mixed = mixTargets({ logits }, { partner, lambda }, 3, T);
  expect(mixed.features.size).toBe(0);
  rows.forEach((row, n) => {
    const own = softmax(row, T);
    const other = softmax(rows[partner[n]], T);
    softmax([...mixed.logits.subarray(3 * n, 3 * n + 3)], T).forEach((p, k) => {
      expect(p).toBeCloseTo(lambda * own[k] + (1 - lambda) * other[k], 6);
    });
  });
  expect(mixed.logits.every(Number.isFinite)).toBe(true);
});
