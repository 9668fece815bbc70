import { optionalAddon } from '../backends/native/addon.js';

/** Conversion between float32 and the bits of float16 (IEEE 754 binary16). */
export interface HalfFloats {
  /** Rounds to the nearest, ties to even; what is too large becomes infinite. */
  narrow(x: Float32Array, y: Uint16Array): void;
  /** Exact. */
  widen(x: Uint16Array, y: Float32Array): void;
}

let chosen: HalfFloats | undefined;

/** The native kernels, or the same in JavaScript where the addon was not built. */
export function halfFloats(): HalfFloats {
  chosen ??= addonHalfFloats() ?? portableHalfFloats();
  return chosen;
}

function addonHalfFloats(): HalfFloats | undefined {
  const addon = optionalAddon();
  return (
    addon && {
      narrow: (x, y) => addon.narrowToHalf(x.length, x, y),
      widen: (x, y) => addon.widenHalf(x.length, x, y),
    }
  );
}

/** In JavaScript, by tables of all float16. */
export function portableHalfFloats(): HalfFloats {
  const values = Float32Array.from({ length: 0x10000 }, (_, bits) => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 0x3ff;
    if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
    return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
  });
  const float = new Float32Array(1);
  const word = new Uint32Array(float.buffer);
  const narrowOne = (x: number): number => {
    float[0] = x;
    const sign = (word[0] >>> 16) & 0x8000;
    const magnitude = Math.abs(float[0]);
    if (Number.isNaN(magnitude)) return sign | 0x7e00;
    if (magnitude >= 65520) return sign | 0x7c00;
    // The spacing of float16 around x; both operations on it are exact, and the rounding is that of doubles: to even.
    const exponent = Math.max(((word[0] >>> 23) & 255) - 127, -14);
    const steps = roundToEven(magnitude * 2 ** (10 - exponent));
    return sign | (steps + ((exponent + 14) << 10));
  };
  return {
    narrow: (x, y) => {
      for (let i = 0; i < x.length; i++) y[i] = narrowOne(x[i]);
    },
    widen: (x, y) => {
      for (let i = 0; i < x.length; i++) y[i] = values[x[i]];
    },
  };
}

/** Of numbers in [0, 2^51]. */
function roundToEven(x: number): number {
  return x + 2 ** 52 - 2 ** 52;
}
