import { describe, expect, it } from 'vitest';
import { halfFloats, portableHalfFloats } from '../../src/cache/half-floats.js';
import { RandomStream } from '../../src/data/random.js';

const all = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits);
const portable = portableHalfFloats();

function widened(x: Uint16Array, by = portable): Float32Array {
  const y = new Float32Array(x.length);
  by.widen(x, y);
  return y;
}

function narrowed(x: Float32Array, by = portable): Uint16Array {
  const y = new Uint16Array(x.length);
  by.narrow(x, y);
  return y;
}

/** The first place where two arrays differ; −1 if there is none. Quicker than a matcher on so many numbers. */
function firstUnequal(a: Float32Array | Uint16Array, b: Float32Array | Uint16Array): number {
  expect(a.length).toBe(b.length);
  return a.findIndex((value: number, n: number) => !Object.is(value, b[n]));
}

describe('float16 in JavaScript', () => {
  it('equals the kernels for every float16', () => {
    expect(firstUnequal(widened(all), widened(all, halfFloats()))).toBe(-1);
    const values = widened(all.filter((bits) => (bits & 0x7c00) !== 0x7c00 || (bits & 0x3ff) === 0));
    expect(firstUnequal(narrowed(values), narrowed(values, halfFloats()))).toBe(-1);
  });

  it('equals the kernels for floats between, beyond and below', () => {
    const stream = new RandomStream({ seed: 1, purpose: 1000 });
    const bits = Uint32Array.from({ length: 200_000 }, () => stream.uint32());
    const floats = new Float32Array(bits.buffer).filter((x) => !Number.isNaN(x));
    const near = Float32Array.from(
      { length: 200_000 },
      () => stream.normal() * 2 ** (stream.integer(48) - 30),
    );
    for (const x of [floats, near]) expect(firstUnequal(narrowed(x), narrowed(x, halfFloats()))).toBe(-1);
  });

  it('rounds ties to even, also into the next power of two and infinity', () => {
    const x = Float32Array.of(2049, 2051, 4095, 65519, 65520, 2 ** -25, 3 * 2 ** -25, -(2 ** -26), NaN);
    expect([...widened(narrowed(x))]).toEqual([2048, 2052, 4096, 65504, Infinity, 0, 2 ** -23, -0, NaN]);
  });
});
