/** IEEE 754 binary16 numbers as their bits, in JavaScript; everything else here is float32. */

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/**
 * The nearest float16 of a number, ties to even, as its bits. What is too large becomes infinite, what is under half the
 * least subnormal (2⁻²⁵) becomes zero of its sign.
 */
export function float16Bits(value: number): number {
  float[0] = value;
  const sign = (bits[0] >>> 16) & 0x8000;
  const exponent = ((bits[0] >>> 23) & 0xff) - 112;
  let fraction = bits[0] & 0x7fffff;
  if (exponent === 143) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200);
  if (exponent >= 31) return sign | 0x7c00;
  if (exponent < -10) return sign;
  let shift = 13;
  if (exponent <= 0) {
    fraction |= 0x800000;
    shift = 14 - exponent;
  } else {
    fraction |= exponent << 23;
  }
  const kept = fraction >>> shift;
  const rest = fraction - kept * 2 ** shift;
  const half = 2 ** (shift - 1);
  // Rounding up may carry into the exponent, which is right as it is.
  return sign | (kept + (rest > half || (rest === half && kept % 2 === 1) ? 1 : 0));
}

/** Floats as bits of float16, into the start of `into`. */
export function toFloat16(values: Float32Array, into: Uint16Array): Uint16Array {
  for (let i = 0; i < values.length; i++) into[i] = float16Bits(values[i]);
  return into.subarray(0, values.length);
}

let widened: Float32Array | undefined;

/** Bits of float16 as floats, which hold them exactly, into the start of `values`. */
export function fromFloat16(
  halves: Uint16Array,
  values: Float32Array = new Float32Array(halves.length),
): Float32Array {
  widened ??= Float32Array.from({ length: 0x10000 }, (_, half) => widen(half));
  for (let i = 0; i < halves.length; i++) values[i] = widened[halves[i]];
  return values;
}

function widen(half: number): number {
  const sign = half >= 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}
