/** The size of an image in pixels. */
export type ImageSize = readonly [height: number, width: number];

/**
 * Where an output pixel (x', y') is read from, in pixels from the upper left corner:
 *
 *   x = a·x' + b·y' + c,  y = d·x' + e·y' + f
 */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** Moves each row left by `level` pixels for each row above it. */
export function shearX(level: number): Affine {
  return [1, level, 0, 0, 1, 0];
}

/** Moves each column up by `level` pixels for each column to its left. */
export function shearY(level: number): Affine {
  return [1, 0, 0, level, 1, 0];
}

/** Moves the image left by `pixels`. */
export function translateX(pixels: number): Affine {
  return [1, 0, pixels, 0, 1, 0];
}

/** Moves the image up by `pixels`. */
export function translateY(pixels: number): Affine {
  return [1, 0, 0, 0, 1, pixels];
}

/** Turns the image about its centre by `degrees`, counter-clockwise. */
export function rotation(degrees: number, [height, width]: ImageSize): Affine {
  const angle = (-degrees * Math.PI) / 180;
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const x = width / 2;
  const y = height / 2;
  return [cos, sin, x - cos * x - sin * y, -sin, cos, y + sin * x - cos * y];
}

const one = 65536;
const fixed = (value: number): number => Math.floor(value * one + 0.5);

/**
 * Transforms an image [height, width, 3] in place. Each pixel gets the bytes of the pixel where its centre
 * comes from, or black if that is outside. Coordinates are multiples of 2⁻¹⁶ as in PIL (`Image.transform`,
 * `NEAREST`), so that the same pixels are chosen.
 */
export function moveNearest(bytes: Uint8Array, [height, width]: ImageSize, [a, b, c, d, e, f]: Affine): void {
  // A copy; slice would share the memory of a Buffer.
  const original = new Uint8Array(bytes);
  const stepsX = [fixed(a), fixed(d)] as const;
  const stepsY = [fixed(b), fixed(e)] as const;
  const startX = fixed(c + a * 0.5 + b * 0.5);
  const startY = fixed(f + d * 0.5 + e * 0.5);
  for (let y = 0, to = 0; y < height; y++) {
    let sourceX = startX + y * stepsY[0];
    let sourceY = startY + y * stepsY[1];
    for (let x = 0; x < width; x++, to += 3, sourceX += stepsX[0], sourceY += stepsX[1]) {
      const column = Math.floor(sourceX / one);
      const row = Math.floor(sourceY / one);
      const isInside = column >= 0 && column < width && row >= 0 && row < height;
      const from = 3 * (row * width + column);
      for (let channel = 0; channel < 3; channel++)
        bytes[to + channel] = isInside ? original[from + channel] : 0;
    }
  }
}

/**
 * Turns an image [height, width, 3] about its centre by `degrees`, counter-clockwise and in place. Each pixel
 * is the bilinear mean of the four pixels around the point that it comes from, rounded to the nearest byte.
 * Outside the image is black.
 */
export function rotateBilinear(bytes: Uint8Array, [height, width]: ImageSize, degrees: number): void {
  // A copy; slice would share the memory of a Buffer.
  const original = new Uint8Array(bytes);
  const angle = (degrees * Math.PI) / 180;
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const middleX = (width - 1) / 2;
  const middleY = (height - 1) / 2;
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += 3) {
      const sourceX = middleX + cos * (x - middleX) - sin * (y - middleY);
      const sourceY = middleY + sin * (x - middleX) + cos * (y - middleY);
      const column = Math.floor(sourceX);
      const row = Math.floor(sourceY);
      const right = sourceX - column;
      const below = sourceY - row;
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let corner = 0; corner < 4; corner++) {
        const cornerX = column + (corner & 1);
        const cornerY = row + (corner >> 1);
        if (cornerX < 0 || cornerX >= width || cornerY < 0 || cornerY >= height) continue;
        const weight = (corner & 1 ? right : 1 - right) * (corner >> 1 ? below : 1 - below);
        const from = 3 * (cornerY * width + cornerX);
        red += weight * original[from];
        green += weight * original[from + 1];
        blue += weight * original[from + 2];
      }
      bytes[to] = Math.round(red);
      bytes[to + 1] = Math.round(green);
      bytes[to + 2] = Math.round(blue);
    }
  }
}
