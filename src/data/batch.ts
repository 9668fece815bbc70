import type { Mixing } from './mix.js';

/** A batch of views, as the trainer, the teacher and the cache see it. */
export interface Batch {
  /** The number of images. */
  readonly size: number;
  /** RGB in [0, 1] (lighting may leave that range), not normalised, NHWC: [size, height, width, 3]. */
  readonly images: Float32Array;
  /** Labels, [size]. */
  readonly labels: Int32Array;
  /** Original image indices, [size]. */
  readonly indices: Uint32Array;
  /** The number of the view, the same for the whole batch. With the index it determines the augmentation. */
  readonly view: number;
  /**
   * The part of each image that its view shows, in the image's own pixels: [size, 4], left, top, width and
   * height. Only for images in files with a resized crop.
   */
  readonly windows?: Uint32Array;
  /** How the images were mixed after their views were made; absent if they were not. */
  readonly mix?: Mixing;
}
