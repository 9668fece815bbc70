import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';

/** RGB bytes of an image whose red grows to the right, green downwards, and whose blue is `blue`. */
export function gradient(width: number, height: number, blue = 128): Uint8Array {
  const bytes = new Uint8Array(width * height * 3);
  for (let y = 0, to = 0; y < height; y++)
    for (let x = 0; x < width; x++, to += 3) {
      bytes[to] = Math.round((255 * x) / (width - 1));
      bytes[to + 1] = Math.round((255 * y) / (height - 1));
      bytes[to + 2] = blue;
    }
  return bytes;
}

/** A image of {@link gradient} to write in some format. */
export function image(width: number, height: number, blue?: number): Sharp {
  return sharp(gradient(width, height, blue), { raw: { width, height, channels: 3 } });
}

/** Writes images, by path: JPEG or PNG by the ending, each of another blue. */
export async function writeImages(
  folder: string,
  paths: readonly string[],
  size: readonly [width: number, height: number] = [60, 40],
): Promise<void> {
  for (const [n, path] of paths.entries()) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    await image(...size, (n * 37) % 256).toFile(file);
  }
}

/** Paths `part/class/0.jpg`, … of so many images in each class. */
export function pathsOf(part: string, classes: readonly string[], each: number): string[] {
  return classes.flatMap((name) => Array.from({ length: each }, (_, n) => `${part}/${name}/${n}.jpg`));
}
