import { describe, expect, it } from 'vitest';
import { AccuracyCounter, formatShare, isAtChance, top1Percent } from '../../src/evaluation/accuracy.js';

/** One image's answer. */
function judged(logits: readonly number[], label: number): { top1: number; top5: number } {
  const counter = new AccuracyCounter();
  counter.add(Float32Array.from(logits), Int32Array.of(label), logits.length);
  const { top1, top5, total } = counter.result;
  expect(total).toBe(1);
  return { top1, top5 };
}

describe('AccuracyCounter', () => {
  it.each<[what: string, logits: number[], label: number, top1: number, top5: number]>([
    ['the largest', [0, 3, 1, 2, -1, -2, -3], 1, 1, 1],
    ['the fifth', [5, 4, 3, 2, 1, 0, -1], 4, 0, 1],
    ['the sixth', [5, 4, 3, 2, 1, 0, -1], 5, 0, 0],
    ['the smallest of two equal labels', [7, 7, 0], 0, 1, 1],
    ['the greater of two equal labels', [7, 7, 0], 1, 0, 1],
    ['label 4 of all equal', [0, 0, 0, 0, 0, 0], 4, 0, 1],
    ['label 5 of all equal', [0, 0, 0, 0, 0, 0], 5, 0, 0],
    ['the worst of few classes', [2, 1, 0], 2, 0, 1],
    ['one that is not a number', [NaN, 1, 0], 0, 0, 1],
    ['beside one that is not a number', [NaN, 1, 0], 1, 0, 1],
    ['minus infinity', [-Infinity, -Infinity, 0], 0, 0, 1],
  ])('counts %s', (_, logits, label, top1, top5) => {
    expect(judged(logits, label)).toEqual({ top1, top5 });
  });

  it('adds up batches of different sizes', () => {
    const counter = new AccuracyCounter();
    expect(counter.result).toEqual({ top1: 0, top5: 0, total: 0 });
    counter.add(Float32Array.of(1, 0, 0, 1), Int32Array.of(0, 0), 2);
    counter.add(Float32Array.of(1, 0), Int32Array.of(0), 2);
    expect(counter.result).toEqual({ top1: 2, top5: 3, total: 3 });
  });
});

describe('isAtChance', () => {
  it.each<[top1: number, total: number, classes: number, is: boolean]>([
    [10, 100, 10, true],
    // 10 + 2·3
    [16, 100, 10, true],
    [17, 100, 10, false],
    [0, 2500, 10, true],
    [281, 2500, 10, false],
    // Of too few images nothing follows.
    [0, 99, 10, false],
    [50, 100, 2, true],
  ])('%d of %d among %d classes: %s', (top1, total, classes, is) => {
    expect(isAtChance({ top1, top5: total, total }, classes)).toBe(is);
  });
});

describe('formatShare', () => {
  it.each<[correct: number, total: number, text: string]>([
    [9339, 10_000, '93.39 % (9,339 of 10,000)'],
    [0, 3, '0.00 % (0 of 3)'],
    [2, 3, '66.67 % (2 of 3)'],
    [0, 0, '0.00 % (0 of 0)'],
  ])('writes %i of %i', (correct, total, text) => {
    expect(formatShare(correct, total)).toBe(text);
    expect(top1Percent({ top1: correct, top5: total, total }).toFixed(2)).toBe(text.split(' ')[0]);
  });
});
