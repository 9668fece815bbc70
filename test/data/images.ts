import { IMAGE_LENGTH, type CifarFormat } from '../../src/data/cifar.js';
import type { PixelDataset } from '../../src/data/dataset.js';
import { RandomStream } from '../../src/data/random.js';

/** Random bytes for tests, the same on each run. */
export function randomBytes(length: number, seed = 1): Uint8Array {
  const stream = new RandomStream({ seed, purpose: 1000 });
  return Uint8Array.from({ length }, () => stream.integer(256));
}

/** A data set of random images whose original indices are 7, 10, 13, … */
export function randomDataset(length: number, size: readonly [number, number] = [8, 6]): PixelDataset {
  return {
    kind: 'cifar10',
    split: 'train',
    classes: ['a', 'b', 'c'],
    size,
    length,
    indices: Uint32Array.from({ length }, (_, row) => 7 + 3 * row),
    labels: Int32Array.from({ length }, (_, row) => row % 3),
    pixels: randomBytes(length * size[0] * size[1] * 3),
    mean: [0.5, 0.5, 0.5],
    std: [0.25, 0.25, 0.25],
  };
}

/** A file of CIFAR records with these labels and random images. */
export function recordFile(format: CifarFormat, labels: readonly number[], seed = 1): Uint8Array {
  const pixels = randomBytes(labels.length * IMAGE_LENGTH, seed);
  return Buffer.concat(
    labels.map((label, n) =>
      Buffer.concat([
        // The coarse label of CIFAR-100 is not used.
        Buffer.alloc(format.labelBytes - 1, 19),
        Buffer.from([label]),
        pixels.subarray(n * IMAGE_LENGTH, (n + 1) * IMAGE_LENGTH),
      ]),
    ),
  );
}
