import { describe, expect, it } from 'vitest';
import { checkTopK, keepLargest, leastProbability, spreadLogits } from '../../src/cache/top-k.js';

function spread(probabilities: readonly number[], indices: readonly number[], classes: number): number[] {
  const logits = new Float32Array(classes);
  spreadLogits(Uint16Array.from(indices), Float32Array.from(probabilities), classes, logits);
  return [...logits];
}

describe('keepLargest', () => {
  it('gives the largest softmax probabilities in order, of equal ones the lower class first', () => {
    const kept = keepLargest(Float32Array.of(0, Math.log(4), 0, Math.log(2), 5, 5, 700, 5), 4, 3);
    expect([...kept.indices]).toEqual([1, 3, 0, 2, 0, 1]);
    [0.5, 0.25, 0.125, 1, 0, 0].forEach((p, n) => expect(kept.probabilities[n]).toBeCloseTo(p, 6));
  });
});

describe('spreadLogits', () => {
  it.each<[string, number[], number[], number, number[]]>([
    ['shares what remains equally', [0.5, 0.2], [3, 0], 5, [0.2, 0.1, 0.1, 0.5, 0.1]],
    ['leaves nothing to share where all are kept', [0.7, 0.3], [1, 0], 2, [0.3, 0.7]],
    [
      'keeps a least probability for the others',
      [1],
      [2],
      4,
      [leastProbability, leastProbability, 1, leastProbability],
    ],
    ['takes a sum above 1 for 1', [0.6, 0.4001], [0, 1], 3, [0.6, 0.4001, leastProbability]],
    ['raises what was rounded to 0', [1, 0], [0, 1], 3, [1, leastProbability, leastProbability]],
  ])('%s', (_, probabilities, indices, classes, expected) => {
    const logits = spread(probabilities, indices, classes);
    expect(logits.every(Number.isFinite)).toBe(true);
    logits.forEach((logit, k) => expect(Math.exp(logit) / expected[k]).toBeCloseTo(1, 5));
  });
});

describe('checkTopK', () => {
  it.each([
    [0, 10, /from 1 to 10, the number of classes, got 0/],
    [11, 10, /from 1 to 10/],
    [1.5, 10, /got 1\.5/],
    [3, 70_000, /at most 65,536 classes, and this one has 70,000/],
  ])('refuses %d of %d', (k, classes, message) => {
    expect(() => checkTopK(k, classes)).toThrow(message);
  });
  it('takes all', () => {
    expect(() => checkTopK(10, 10)).not.toThrow();
  });
});
