import { InputError } from '../errors.js';
import type { ImageFiles } from './image-files.js';

/**
 * The part of a data set: training and validation images come from the training files, test images from the
 * test file.
 */
export type Split = 'train' | 'validation' | 'test';

/** What a data set says of its images, wherever they lie. */
export interface DatasetFacts {
  /** The kind in a data spec and in a teacher card: `cifar10`, `cifar100`, `imagefolder`. */
  readonly kind: string;
  readonly split: Split;
  /** Class names in label order. */
  readonly classes: readonly string[];
  /** Height and width of every view, in pixels. */
  readonly size: readonly [height: number, width: number];
  /** The number of images. */
  readonly length: number;
  /** For each row, the index of the image in the original files. Views and caches depend on it. */
  readonly indices: Uint32Array;
  /** Labels in [0, classes.length). */
  readonly labels: Int32Array;
  /** Mean of each colour channel of images in [0, 1]; it normalises the student's input. */
  readonly mean: readonly [number, number, number];
  /** Standard deviation of each colour channel of images in [0, 1]. */
  readonly std: readonly [number, number, number];
}

/** Images of one split, in memory as bytes. */
export interface PixelDataset extends DatasetFacts {
  /** RGB bytes, row by row: [length, height, width, 3]. */
  readonly pixels: Uint8Array;
}

/**
 * How an image of any size becomes a view when no crop is drawn: it is resized, then the centre is cut out.
 */
export interface ImageResize {
  /** The shorter side after resizing, in pixels; at least the larger side of the view. */
  readonly short: number;
  /** When an image shrinks, the filter is widened by the same factor, which avoids aliasing. */
  readonly interpolation: 'nearest' | 'bilinear' | 'bicubic' | 'lanczos';
}

/** Images of one split in files, of any size. They are decoded for each view. */
export interface FileDataset extends DatasetFacts {
  readonly files: ImageFiles;
  readonly resize: ImageResize;
}

/** Images of one split, in memory or in files. */
export type Dataset = PixelDataset | FileDataset;

/** The first rows of a data set; nothing is copied. */
export function firstRows<D extends Dataset>(dataset: D, length: number): D {
  const rows = { length, indices: dataset.indices.subarray(0, length), labels: dataset.labels.subarray(0, length) };
  if (!('pixels' in dataset)) return { ...dataset, ...rows };
  const bytes = dataset.size[0] * dataset.size[1] * 3;
  return { ...dataset, ...rows, pixels: dataset.pixels.subarray(0, length * bytes) };
}

/**
 * The data set with views of another size: the input size of a teacher, or that of a trained student. It
 * changes images in files only; those in memory keep their size.
 *
 * @param resize by default `short` is scaled with the size, and the interpolation stays
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
 * The data set with another resize for evaluation: the shorter side is resized to `testResize` times the
 * larger side of the view, rounded, and the centre is cut out. At 1.35 objects are about as large as in the
 * random crops of training.
 *
 * @param testResize at least 1; images in memory allow 1 alone, since they have the size of the view
 * @throws InputError for a number out of this range
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
