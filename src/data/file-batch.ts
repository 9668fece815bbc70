import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Augmentation } from './augmentation.js';
import type { Batch } from './batch.js';
import type { FileDataset } from './dataset.js';
import { fileOf } from './image-files.js';
import { writeFileView } from './image-view.js';

/** The fields of a data set in files that views are made from. */
export type ImagesInFiles = Pick<FileDataset, 'size' | 'indices' | 'labels' | 'files' | 'resize'>;

// Node.js has four threads for this by default.
const sideBySide = Math.min(4, availableParallelism());

/**
 * The batch of the given rows of a data set in files, as `makeBatch` is for images in memory. Only the images
 * that are being decoded are in memory at full size.
 *
 * @throws InputError that names the first image that cannot be decoded
 */
export async function makeFileBatch(
  { size, indices, labels, files, resize }: ImagesInFiles,
  rows: ArrayLike<number>,
  view: number,
  viewSeed: number,
  augmentation: Augmentation,
  images: Float32Array = new Float32Array(rows.length * size[0] * size[1] * 3),
): Promise<Batch> {
  const all = Array.from(rows);
  const windows = augmentation.resizedCrop ? new Uint32Array(4 * all.length) : undefined;
  let next = 0;
  const decodeOnward = async (): Promise<void> => {
    while (next < all.length) {
      const n = next++;
      const path = join(files.folder, fileOf(files, all[n]));
      const names = { path, index: indices[all[n]], view, viewSeed, augmentation, size, resize };
      const window = await writeFileView(names, images, n * size[0] * size[1] * 3);
      if (window) windows?.set([window.left, window.top, window.width, window.height], 4 * n);
    }
  };
  await Promise.all(Array.from({ length: sideBySide }, decodeOnward));
  return {
    size: all.length,
    images,
    labels: Int32Array.from(all, (row) => labels[row]),
    indices: Uint32Array.from(all, (row) => indices[row]),
    view,
    ...(windows ? { windows } : {}),
  };
}
