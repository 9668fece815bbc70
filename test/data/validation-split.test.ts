import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { trainingRows, validationRows } from '../../src/data/validation-split.js';

const upTo = (length: number): Uint32Array => Uint32Array.from({ length }, (_, n) => n);

describe('validationRows', () => {
  const labels = Int32Array.from({ length: 50_000 }, (_, n) => (n * 7) % 10);
  const rows = validationRows(upTo(50_000), labels, 10);

  it('takes 250 of each of ten classes of 5,000', () => {
    const counts = new Array<number>(10).fill(0);
    rows.forEach((row) => counts[labels[row]]++);
    expect(counts).toEqual(new Array(10).fill(250));
  });

  it('is the same list for ever', () => {
    expect(createHash('sha256').update(rows.join()).digest('hex')).toMatchInlineSnapshot(
      `"ffbc246b323bbd0b5b512c3925e9bfe6a865c7fa3742a2808472466e0265ddd9"`,
    );
  });

  it('depends on original indices, not on the order of the rows', () => {
    const reversed = upTo(50_000).reverse();
    const indices = validationRows(reversed, labels.slice().reverse(), 10).map((row) => reversed[row]);
    expect(indices.sort()).toEqual(rows);
  });

  it.each([
    { counts: [20, 20], held: [1, 1] },
    { counts: [30, 10], held: [2, 0] },
    { counts: [10, 30], held: [1, 1] },
    { counts: [10, 10, 10, 10], held: [1, 1, 0, 0] },
    { counts: [9], held: [0] },
    { counts: [10], held: [1] },
    { counts: [0, 0], held: [0, 0] },
    { counts: [101, 0, 99], held: [5, 0, 5] },
  ])('takes round(0.05 n), shared as evenly as can be: $counts → $held', ({ counts, held }) => {
    const few = Int32Array.from(counts.flatMap((count, label) => new Array<number>(count).fill(label)));
    const taken = [...validationRows(upTo(few.length), few, counts.length)].map((row) => few[row]);
    expect(counts.map((_, label) => taken.filter((other) => other === label).length)).toEqual(held);
  });

  it('leaves the other rows for training', () => {
    const training = trainingRows(50_000, rows);
    expect(training.length).toBe(47_500);
    expect([...training, ...rows].sort((a, b) => a - b)).toEqual([...upTo(50_000)]);
  });
});
