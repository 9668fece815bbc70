import { InputError } from '../errors.js';
import type { ImageFiles } from './image-files.js';

/** The part of a data set: training and validation images come from the training files, test images from the test file. */
export type Split = 'train' | 'validation' | 'test';

interface DatasetFacts {
  /** The kind in a data spec and in a teacher card: `cifar10`, `cifar100`, `imagefolder`. */
  readonly kind: string;
  readonly split: Split;
  /** Class names in label order. */
  readonly classes: readonly string[];
  /** Height and width of every view, in pixels. */
  readonly size: readonly [height: number, width: number];
  /** The number of images. */
  readonly length: number;
  /** For each row, the index of the image in the original files; it keys views and caches. */
  readonly indices: Uint32Array;
  /** Labels in [0, classes.length). */
  readonly labels: Int32Array;
  /** Mean of each colour channel of images in [0, 1], with which the student's input is normalised. */
  readonly mean: readonly [number, number, number];
  /** Standard deviation of each colour channel of images in [0, 1]. */
  readonly std: readonly [number, number, number];
}

/** Images of one split, in memory as bytes. */
export interface PixelDataset extends DatasetFacts {
  /** RGB bytes, row by row: [length, height, width, 3]. */
  readonly pixels: Uint8Array;
}

/** How an image of any size is brought to that of a view where nothing is drawn: by its shorter side, then the centre. */
export interface ImageResize {
  /** The shorter side after resizing, in pixels; at least the larger side of the view. */
  readonly short: number;
  /** Filters are widened by the factor of shrinking, so that nothing aliases. */
  readonly interpolation: 'nearest' | 'bilinear' | 'bicubic' | 'lanczos';
}

/** Images of one split in files, of any size, decoded anew for each view. */
export interface FileDataset extends DatasetFacts {
  readonly files: ImageFiles;
  readonly resize: ImageResize;
}

/** Images of one split, in memory or in files. */
export type Dataset = PixelDataset | FileDataset;

/** The first rows of a data set, without a copy. */
export function firstRows<D extends Dataset>(dataset: D, length: number): D {
  const rows = { length, indices: dataset.indices.subarray(0, length), labels: dataset.labels.subarray(0, length) };
  if (!('pixels' in dataset)) return { ...dataset, ...rows };
  const bytes = dataset.size[0] * dataset.size[1] * 3;
  return { ...dataset, ...rows, pixels: dataset.pixels.subarray(0, length * bytes) };
}

/**
 * A data set in files whose views have another size: that which a teacher takes, or a student was trained on. Images in
 * memory have the size they have and stay as they are.
 *
 * @param resize by default `short` keeps its proportion to the size, and the interpolation stays
 * @throws InputError if `resize.short` is less than a side of the view
 */
export function resizedTo(
  dataset: Dataset,
  size: readonly [number, number],
  resize?: ImageResize,
): Dataset {
  if ('pixels' in dataset) return dataset;
  if (resize === undefined && size.join() === dataset.size.join()) return dataset;
  const most = Math.max(...size);
  if (resize !== undefined && resize.short < most)
    throw new InputError(
      `images are brought to a shorter side of ${resize.short} pixels, from which ${size.join('×')} cannot be cut`,
      { fix: 'correct input.resize in the teacher card' },
    );
  const scaled = Math.round((dataset.resize.short * most) / Math.max(...dataset.size));
  return { ...dataset, size, resize: resize ?? { ...dataset.resize, short: scaled } };
}

/**
 * A data set whose images are resized at another ratio where nothing is drawn: the shorter side to `testResize` times the
 * larger side of the view, rounded, of which the centre is cut out. Evaluation at 1.35 shows objects about as large as
 * random crops do in training.
 *
 * @param testResize at least 1; 1 leaves images in memory as they are
 * @throws InputError for a number below 1, and above 1 for images in memory, which have the size of the view
 */
export function withTestResize(dataset: Dataset, testResize: number): Dataset {
  if (!(testResize >= 1 && Number.isFinite(testResize)))
    throw new InputError(`testResize must be a finite number of at least 1, got ${testResize}.`);
  if (!('pixels' in dataset)) {
    const short = Math.round(testResize * Math.max(...dataset.size));
    return { ...dataset, resize: { ...dataset.resize, short } };
  }
  if (testResize === 1) return dataset;
  throw new InputError(
    `testResize is for images in files, and those of ${dataset.kind} are in memory; expected 1, got ${testResize}.`,
  );
}
