/**
 * Operations on the RGB bytes of an image, [pixels, 3] row by row, in place. Each gives the same bytes as the
 * operation of this name in PIL (`ImageOps`, `ImageEnhance`), including its rounding: augmentation policies
 * were published for PIL.
 */

/** v → 255 − v. */
export function invert(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at++) bytes[at] = 255 - bytes[at];
}

/** v → 255 − v for values of at least `threshold`. 256 changes nothing, 0 inverts the image. */
export function solarize(bytes: Uint8Array, threshold: number): void {
  for (let at = 0; at < bytes.length; at++) if (bytes[at] >= threshold) bytes[at] = 255 - bytes[at];
}

/** Keeps the upper `bits` of each value, 0 to 8. */
export function posterize(bytes: Uint8Array, bits: number): void {
  const mask = 256 - 2 ** (8 - bits);
  for (let at = 0; at < bytes.length; at++) bytes[at] &= mask;
}

/**
 * Stretches each channel so that its least value becomes 0 and its greatest 255: v → ⌊255 (v − least) /
 * (greatest − least)⌋. A channel with a single value stays.
 */
export function autocontrast(bytes: Uint8Array): void {
  for (let channel = 0; channel < 3; channel++) {
    let least = 255;
    let greatest = 0;
    for (let at = channel; at < bytes.length; at += 3) {
      if (bytes[at] < least) least = bytes[at];
      if (bytes[at] > greatest) greatest = bytes[at];
    }
    if (greatest <= least) continue;
    const scale = 255 / (greatest - least);
    // As PIL computes it: scale · (v − least) would round differently.
    const offset = -least * scale;
    mapChannel(bytes, channel, (value) => Math.trunc(value * scale + offset));
  }
}

/**
 * Makes the values of each channel about equally frequent: v → ⌊(⌊step / 2⌋ + pixels of less than v) / step⌋,
 * at most 255, where step = ⌊(pixels − pixels of the greatest value) / 255⌋. A channel with step 0 stays.
 */
export function equalize(bytes: Uint8Array): void {
  const frequency = new Uint32Array(256);
  for (let channel = 0; channel < 3; channel++) {
    frequency.fill(0);
    let greatest = 0;
    for (let at = channel; at < bytes.length; at += 3) {
      frequency[bytes[at]]++;
      if (bytes[at] > greatest) greatest = bytes[at];
    }
    const step = Math.floor((bytes.length / 3 - frequency[greatest]) / 255);
    if (step === 0) continue;
    let below = Math.floor(step / 2);
    mapChannel(bytes, channel, (value) => {
      const level = Math.floor(below / step);
      below += frequency[value];
      return level;
    });
  }
}

/** Mixes the image with black: v → factor · v. */
export function brightness(bytes: Uint8Array, factor: number): void {
  mapImage(bytes, blendTable(0, factor));
}

/**
 * Mixes the image with its mean grey: v → m + factor · (v − m), where m is the mean luma, rounded to a whole
 * number.
 */
export function contrast(bytes: Uint8Array, factor: number): void {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 3) sum += luma(bytes, at);
  mapImage(bytes, blendTable(Math.floor(sum / (bytes.length / 3) + 0.5), factor));
}

/** Mixes each pixel with its luma L = 0.299 R + 0.587 G + 0.114 B: v → L + factor · (v − L). */
export function color(bytes: Uint8Array, factor: number): void {
  const single = Math.fround(factor);
  for (let at = 0; at < bytes.length; at += 3) {
    const grey = luma(bytes, at);
    for (let channel = at; channel < at + 3; channel++) bytes[channel] = blend(grey, bytes[channel], single);
  }
}

/**
 * Mixes the image with a smoothed one, s: v → s + factor · (v − s). s is the mean of the pixel, with weight
 * 5, and its eight neighbours, with weight 1 each. Pixels at the border are not smoothed.
 */
export function sharpness(
  bytes: Uint8Array,
  [height, width]: readonly [height: number, width: number],
  factor: number,
): void {
  // A copy; slice would share the memory of a Buffer.
  const original = new Uint8Array(bytes);
  const row = 3 * width;
  const single = Math.fround(factor);
  for (let y = 1; y < height - 1; y++) {
    for (let at = y * row + 3; at < (y + 1) * row - 3; at++) {
      let sum = 4 * original[at];
      for (let line = at - row; line <= at + row; line += row)
        sum += original[line - 3] + original[line] + original[line + 3];
      // Rounded to the nearest; a thirteenth is never a half.
      bytes[at] = blend(Math.floor((2 * sum + 13) / 26), original[at], single);
    }
  }
}

/** Luma of the pixel at `at`, as PIL computes it in fixed point. */
export function luma(bytes: Uint8Array, at: number): number {
  return (19595 * bytes[at] + 38470 * bytes[at + 1] + 7471 * bytes[at + 2] + 0x8000) >> 16;
}

/** from + factor · (to − from) in float32, clamped to a byte. `factor` is a float32. */
function blend(from: number, to: number, factor: number): number {
  const value = Math.fround(from + Math.fround(factor * (to - from)));
  return value <= 0 ? 0 : value >= 255 ? 255 : Math.trunc(value);
}

function blendTable(from: number, factor: number): Uint8Array {
  const single = Math.fround(factor);
  return Uint8Array.from({ length: 256 }, (_, value) => blend(from, value, single));
}

function mapImage(bytes: Uint8Array, table: Uint8Array): void {
  for (let at = 0; at < bytes.length; at++) bytes[at] = table[bytes[at]];
}

/** Replaces each value of a channel by `of(value)`, which is called for 0 … 255 in order. */
function mapChannel(bytes: Uint8Array, channel: number, of: (value: number) => number): void {
  const table = Uint8ClampedArray.from({ length: 256 }, (_, value) => of(value));
  for (let at = channel; at < bytes.length; at += 3) bytes[at] = table[bytes[at]];
}
