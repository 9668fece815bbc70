/** The part of a data set: training and validation pictures come from the training files, test pictures from the test file. */
export type Split = 'train' | 'validation' | 'test';

/** Pictures of one split, in memory as bytes. */
export interface Dataset {
  /** The kind in a data spec and in a teacher card: `cifar10`, `cifar100`. */
  readonly kind: string;
  readonly split: Split;
  /** Class names in label order. */
  readonly classes: readonly string[];
  /** Height and width of every picture, in pixels. */
  readonly size: readonly [height: number, width: number];
  /** The number of pictures. */
  readonly length: number;
  /** For each row, the index of the picture in the original files; it keys views and caches. */
  readonly indices: Uint32Array;
  /** Labels in [0, classes.length). */
  readonly labels: Int32Array;
  /** RGB bytes, row by row: [length, height, width, 3]. */
  readonly pixels: Uint8Array;
  /** Mean of each colour channel of pictures in [0, 1], with which the student's input is normalised. */
  readonly mean: readonly [number, number, number];
  /** Standard deviation of each colour channel of pictures in [0, 1]. */
  readonly std: readonly [number, number, number];
}
