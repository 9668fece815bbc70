import { drawAugmentation, makeView, type Augmentation } from './augmentation.js';
import type { Batch } from './batch.js';
import type { PixelDataset } from './dataset.js';
import type { ImagesInFiles } from './file-batch.js';

/** The fields of a data set in memory that views are made from. */
export type Images = Pick<PixelDataset, 'size' | 'indices' | 'labels' | 'pixels'>;

/**
 * The batch of the given rows in their order, each as its view number `view`: a pure function of its
 * arguments. An image's view depends on its original index, not on its row or on the other images of the
 * batch.
 *
 * @param rows rows of the data set, not original indices
 * @param viewSeed integer in [0, 2^53)
 * @param images where to write the images, [rows.length, height, width, 3]; by default a new array
 * @throws InputError if the augmentation does not fit the images
 */
export function makeBatch(
  { size, indices, labels, pixels }: Images,
  rows: ArrayLike<number>,
  view: number,
  viewSeed: number,
  augmentation: Augmentation,
  images: Float32Array = new Float32Array(rows.length * size[0] * size[1] * 3),
): Batch {
  const imageLength = size[0] * size[1] * 3;
  const batchLabels = new Int32Array(rows.length);
  const batchIndices = new Uint32Array(rows.length);
  for (let n = 0; n < rows.length; n++) {
    const row = rows[n];
    batchLabels[n] = labels[row];
    batchIndices[n] = indices[row];
    const parameters = drawAugmentation(augmentation, viewSeed, indices[row], view, size);
    makeView(pixels, row * imageLength, size, parameters, images, n * imageLength);
  }
  return { size: rows.length, images, labels: batchLabels, indices: batchIndices, view };
}

/**
 * The batch of the given rows, whether images are in memory ({@link makeBatch}) or in files
 * (`makeFileBatch`).
 *
 * @throws InputError if the augmentation does not fit the images, or an image cannot be decoded
 */
export async function viewBatch(
  stored: Images | ImagesInFiles,
  ...views: [
    rows: ArrayLike<number>,
    view: number,
    viewSeed: number,
    augmentation: Augmentation,
    images?: Float32Array,
  ]
): Promise<Batch> {
  if ('pixels' in stored) return makeBatch(stored, ...views);
  // Images in memory need no decoder.
  const { makeFileBatch } = await import('./file-batch.js');
  return makeFileBatch(stored, ...views);
}
