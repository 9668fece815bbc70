import type { Batch } from './batch.js';
import type { Mixing } from './mix.js';

/**
 * The batch with its images mixed. Labels and indices stay those of the first image of each pair; `mix` has
 * the partners.
 *
 *   mixup:       x_n ← λ x_n + (1 − λ) x_partner(n)
 *   with a box:  x_n ← x_partner(n) inside the box
 *
 * λ = 1 changes nothing.
 *
 * @param images memory for the mixed images, as long as `batch.images` and not the same; by default new
 */
export function mixBatch(
  batch: Batch,
  mixing: Mixing,
  [height, width]: readonly [height: number, width: number],
  images: Float32Array = new Float32Array(batch.images.length),
): Batch {
  const { partner, lambda, box } = mixing;
  const length = height * width * 3;
  const from = batch.images;
  for (let n = 0; n < batch.size; n++) {
    const own = n * length;
    const other = partner[n] * length;
    if (box === undefined) {
      for (let at = 0; at < length; at++)
        images[own + at] = lambda * from[own + at] + (1 - lambda) * from[other + at];
      continue;
    }
    images.set(from.subarray(own, own + length), own);
    for (let y = box.top; y < box.top + box.height; y++) {
      const start = 3 * (y * width + box.left);
      images.set(from.subarray(other + start, other + start + 3 * box.width), own + start);
    }
  }
  return { ...batch, images, mix: mixing };
}
