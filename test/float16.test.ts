import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float16Bits, fromFloat16, toFloat16 } from '../src/float16.js';

const all = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits);

describe('float16', () => {
  it.each([
    [0x0000, 0],
    [0x8000, -0],
    [0x3c00, 1],
    [0xc000, -2],
    [0x3555, 0.333251953125],
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x7bff, 65504],
    [0xfc00, -Infinity],
    [0x7e00, NaN],
  ])('%i is %d, both ways', (bits, value) => {
    expect(fromFloat16(Uint16Array.of(bits))[0]).toBe(value);
    expect(float16Bits(value)).toBe(bits);
  });

  it('comes back as the bits it was, whatever they are', () => {
    const values = fromFloat16(all);
    const back = toFloat16(values, new Uint16Array(all.length));
    all.forEach((bits) => {
      if (Number.isNaN(values[bits]))
        expect(Number.isNaN(fromFloat16(back.subarray(bits, bits + 1))[0])).toBe(true);
      else if (back[bits] !== bits) expect(back[bits]).toBe(bits);
    });
  });

  it.each([
    ['a tie to the even one below', 1 + 2 ** -11, 0x3c00],
    ['a tie to the even one above', 1 + 3 * 2 ** -11, 0x3c02],
    ['more than a tie up', 1 + 2 ** -11 + 2 ** -20, 0x3c01],
    ['the largest that is finite', 65519.99, 0x7bff],
    ['the tie above it to infinity', 65520, 0x7c00],
    ['half the least subnormal to zero', -(2 ** -25), 0x8000],
    ['more than that to the least subnormal', 2 ** -25 * 1.0001, 0x0001],
    ['up into the normal numbers', 1023.6 * 2 ** -24, 0x0400],
  ])('rounds %s', (_, value, bits) => {
    expect(float16Bits(value)).toBe(bits);
  });

  it('rounds to the nearest', () => {
    const values = fromFloat16(all);
    fc.assert(
      fc.property(fc.float({ min: -65504, max: 65504, noNaN: true }), (value) => {
        const bits = float16Bits(value);
        const off = Math.abs(values[bits] - value);
        const others = [bits - 1, bits + 1].map((near) => Math.abs((values[near] ?? NaN) - value));
        for (const other of others) if (Number.isFinite(other)) expect(off).toBeLessThanOrEqual(other);
      }),
      { numRuns: 2000, seed: 1 },
    );
  });
});
