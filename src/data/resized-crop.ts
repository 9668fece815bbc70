import { purposes, RandomStream } from './random.js';

/** A random part of an image, resized to the view. */
export interface ResizedCrop {
  /** Least and greatest part of the image's area, in (0, 1]. */
  readonly scale: readonly [number, number];
  /** Least and greatest width / height of the part, above 0. */
  readonly ratio: readonly [number, number];
}

/** The usual crop for ImageNet (Szegedy et al., "Going deeper with convolutions", CVPR 2015). */
export const inceptionCrop: ResizedCrop = { scale: [0.08, 1], ratio: [3 / 4, 4 / 3] };

/** A part of an image, in its own pixels. */
export interface Window {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const attempts = 10;

/**
 * The part of an image that the view (index, view) shows: a pure function of its arguments. The area is
 * uniform in `scale`, the logarithm of the ratio is uniform, and so is the place in whole pixels. A part that
 * does not fit into the image is drawn again, up to ten times; after that it is the largest part in the
 * centre with an allowed ratio.
 *
 * @param viewSeed integer in [0, 2^53)
 * @param index original index of the image
 * @param size height and width of the whole image, in pixels
 */
export function drawResizedCrop(
  { scale, ratio }: ResizedCrop,
  viewSeed: number,
  index: number,
  view: number,
  [imageHeight, imageWidth]: readonly [height: number, width: number],
): Window {
  const stream = new RandomStream({ seed: viewSeed, index, view, purpose: purposes.resizedCrop });
  const [least, greatest] = ratio.map(Math.log);
  for (let attempt = 0; attempt < attempts; attempt++) {
    const area = imageHeight * imageWidth * (scale[0] + (scale[1] - scale[0]) * stream.float());
    const drawn = Math.exp(least + (greatest - least) * stream.float());
    const width = Math.round(Math.sqrt(area * drawn));
    const height = Math.round(Math.sqrt(area / drawn));
    if (width < 1 || height < 1 || width > imageWidth || height > imageHeight) continue;
    const top = stream.integer(imageHeight - height + 1);
    const left = stream.integer(imageWidth - width + 1);
    return { left, top, width, height };
  }
  const width = Math.min(imageWidth, Math.max(1, Math.round(imageHeight * ratio[1])));
  const height = Math.min(imageHeight, Math.max(1, Math.round(imageWidth / ratio[0])));
  return {
    left: Math.floor((imageWidth - width) / 2),
    top: Math.floor((imageHeight - height) / 2),
    width,
    height,
  };
}
