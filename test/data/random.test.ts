import { describe, expect, it } from 'vitest';
import { permutation, philox4x32, purposes, RandomStream } from '../../src/data/random.js';

type Four = [number, number, number, number];

const draw = <T>(count: number, next: () => T): T[] => Array.from({ length: count }, next);

describe('philox4x32', () => {
  const ones = 0xffffffff;
  // The known answers of Random123 (kat_vectors, philox4x32 with 10 rounds).
  const known: { name: string; counter: Four; key: [number, number]; answer: Four }[] = [
    {
      name: 'zeros',
      counter: [0, 0, 0, 0],
      key: [0, 0],
      answer: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    },
    {
      name: 'ones',
      counter: [ones, ones, ones, ones],
      key: [ones, ones],
      answer: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      name: 'digits of pi',
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      answer: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ];
  it.each(known)('gives the known answer for $name', ({ counter, key, answer }) => {
    expect([...philox4x32(counter, key)]).toEqual(answer);
  });
});

describe('RandomStream', () => {
  it('begins with the block of counter (0, index, view, purpose) and the key of the seed', () => {
    const seed = 5 * 2 ** 32 + 7;
    const stream = new RandomStream({ seed, index: 11, view: 3, purpose: purposes.flip });
    const blocks = [0, 1].flatMap((block) => [...philox4x32([block, 11, 3, purposes.flip], [7, 5])]);
    expect(draw(8, () => stream.uint32())).toEqual(blocks);
  });

  const base = { seed: 1, index: 2, view: 3, purpose: purposes.crop };
  it.each([{ seed: 2 }, { seed: 1 + 2 ** 32 }, { index: 3 }, { view: 4 }, { purpose: purposes.flip }])(
    'differs when the key differs by %o',
    (change) => {
      const one = new RandomStream(base);
      const other = new RandomStream({ ...base, ...change });
      expect(draw(4, () => one.uint32())).not.toEqual(draw(4, () => other.uint32()));
    },
  );

  it.each([1, 2, 9, 10, 1000])('draws integers evenly below %i', (bound) => {
    const stream = new RandomStream(base);
    const each = 2000;
    const bins = Math.min(bound, 10);
    const counts = new Array<number>(bins).fill(0);
    for (let n = 0; n < bins * each; n++) {
      const value = stream.integer(bound);
      if (!(Number.isInteger(value) && value >= 0 && value < bound)) expect.fail(`${value} is out of range`);
      counts[Math.floor((value * bins) / bound)]++;
    }
    // Five standard deviations of a binomial count.
    for (const count of counts) expect(Math.abs(count - each)).toBeLessThanOrEqual(5 * Math.sqrt(each));
  });

  it('draws words again that would favour some integers', () => {
    // With a bound of 3 · 2^30 a quarter of all words lies beyond the last whole multiple.
    const bound = 3 * 2 ** 30;
    const words = new RandomStream(base);
    const stream = new RandomStream(base);
    const accepted = draw(400, () => words.uint32()).filter((word) => word < bound);
    expect(accepted.length).toBeLessThan(350);
    expect(draw(accepted.length, () => stream.integer(bound))).toEqual(accepted);
  });

  it('draws floats in [0, 1) that float32 holds exactly', () => {
    const stream = new RandomStream(base);
    const floats = draw(20_000, () => stream.float());
    expect(Math.min(...floats)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...floats)).toBeLessThan(1);
    expect(floats.every((x) => Math.fround(x) === x)).toBe(true);
    expect(Math.abs(mean(floats) - 0.5)).toBeLessThan(0.01);
  });

  it('draws normal numbers with the moments of a standard normal', () => {
    const stream = new RandomStream(base);
    const x = draw(50_000, () => stream.normal());
    expect(Math.abs(mean(x))).toBeLessThan(0.02);
    expect(Math.abs(mean(x.map((v) => v ** 2)) - 1)).toBeLessThan(0.03);
    expect(Math.abs(mean(x.map((v) => v ** 3)))).toBeLessThan(0.08);
    expect(Math.abs(mean(x.map((v) => v ** 4)) - 3)).toBeLessThan(0.25);
    // The two of a pair are independent.
    expect(Math.abs(mean(x.filter((_, n) => n % 2 === 0).map((v, n) => v * x[2 * n + 1])))).toBeLessThan(
      0.03,
    );
  });
});

describe('permutation', () => {
  it.each([0, 1, 2, 7, 1000])('holds each of %i rows once', (n) => {
    expect([...permutation(1, 0, n)].sort((a, b) => a - b)).toEqual(
      Array.from({ length: n }, (_, row) => row),
    );
  });

  it('depends on seed and epoch alone', () => {
    expect(permutation(1, 5, 100)).toEqual(permutation(1, 5, 100));
    expect(permutation(1, 5, 100)).not.toEqual(permutation(2, 5, 100));
    expect(permutation(1, 5, 100)).not.toEqual(permutation(1, 6, 100));
  });

  it('gives all orders of three rows about equally often', () => {
    const counts = new Map<string, number>();
    for (let epoch = 0; epoch < 6000; epoch++) {
      const order = permutation(3, epoch, 3).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(['012', '021', '102', '120', '201', '210']);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(160);
  });
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
