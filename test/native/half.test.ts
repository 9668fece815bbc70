import { afterEach, describe, expect, it } from 'vitest';
import { addon, extremes, floatsWithEdges, restoreAddon, runOn, vectorSets } from './kernel-runs.js';

afterEach(restoreAddon);

const sets = (family: string): string[] => ['reference', ...vectorSets(family)];

/** Every float16 there is. */
const allHalves = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits);

/** What the bits of a float16 mean, in plain numbers. */
function valueOf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

function widened(isa: string, x: Uint16Array): Float32Array {
  const y = new Float32Array(x.length + 1).fill(7);
  runOn(isa, () => {
    addon.widenHalf({ size: x.length, x, y });
    return {};
  });
  expect(y[x.length]).toBe(7);
  return y.subarray(0, x.length);
}

function narrowed(isa: string, x: Float32Array): Uint16Array {
  const y = new Uint16Array(x.length + 1).fill(7);
  runOn(isa, () => {
    addon.narrowToHalf({ size: x.length, x, y });
    return {};
  });
  expect(y[x.length]).toBe(7);
  return y.subarray(0, x.length);
}

describe.each(sets('widenHalf'))('float16 on %s', (isa) => {
  it('widens every float16 exactly', () => {
    const y = widened(isa, allHalves);
    const wrong = [...allHalves].filter((bits) => !Object.is(y[bits], valueOf(bits)));
    expect(wrong).toEqual([]);
  });

  it('gives back every float16 that was widened', () => {
    const back = narrowed(isa, widened(isa, allHalves));
    const wrong = [...allHalves].filter((bits) =>
      Number.isNaN(valueOf(bits)) ? !Number.isNaN(valueOf(back[bits])) : back[bits] !== bits,
    );
    expect(wrong).toEqual([]);
  });

  it('rounds to the nearest, ties to even', () => {
    const ascending = allHalves.subarray(0, 0x7c00);
    const middles = Float32Array.from(ascending, (bits) => {
      const next = bits === 0x7bff ? 65536 : valueOf(bits + 1);
      return (valueOf(bits) + next) / 2;
    });
    const up = middles.map((x) => x * (1 + 2 ** -20));
    const down = middles.map((x) => x * (1 - 2 ** -20));
    expect(narrowed(isa, middles)).toEqual(ascending.map((bits) => (bits & 1 ? bits + 1 : bits)));
    expect(narrowed(isa, up)).toEqual(ascending.map((bits) => bits + 1));
    expect(narrowed(isa, down)).toEqual(ascending);
    expect(
      narrowed(
        isa,
        middles.map((x) => -x),
      ),
    ).toEqual(ascending.map((bits) => 0x8000 | (bits & 1 ? bits + 1 : bits)));
  });

  it('makes infinite what is too large, and zero what is too small', () => {
    const x = Float32Array.of(65519, 65520, 3e38, Infinity, 2 ** -25, 2 ** -26, 1e-40, -1e-40, NaN);
    const [largest, ...rest] = [...narrowed(isa, x)].map(valueOf);
    expect(largest).toBe(65504);
    expect(rest).toEqual([Infinity, Infinity, Infinity, 0, 0, 0, -0, NaN]);
  });

  it.each([0, 1, 7, 8, 9, 15, 1000])('agrees with the reference on %i numbers', (count) => {
    const x = floatsWithEdges(count, 5, extremes);
    expect(narrowed(isa, x)).toEqual(narrowed('reference', x));
    const halves = narrowed('reference', x);
    expect(widened(isa, halves)).toEqual(widened('reference', halves));
  });
});

it('refuses arrays of another type or too short', () => {
  const short = { size: 2, x: new Uint16Array(1), y: new Float32Array(2) };
  expect(() => addon.widenHalf(short)).toThrow(/'x' must be a Uint16Array \[size\] of at least 2/);
  const wrong = { size: 1, x: new Float32Array(1), y: new Float32Array(1) as unknown as Uint16Array };
  expect(() => addon.narrowToHalf(wrong)).toThrow(/'y' must be a Uint16Array/);
});
