import { purposes, RandomStream } from './random.js';

/** Cut out a random part of a picture and bring it to the size of the view. */
export interface ResizedCrop {
  /** Least and greatest part of the picture's area, in (0, 1]. */
  readonly scale: readonly [number, number];
  /** Least and greatest width / height of the part, above 0. */
  readonly ratio: readonly [number, number];
}

/** The crop of Szegedy et al. ("Going deeper with convolutions", CVPR 2015), as it is usual for ImageNet. */
export const inceptionCrop: ResizedCrop = { scale: [0.08, 1], ratio: [3 / 4, 4 / 3] };

/** A part of a picture, in its own pixels. */
export interface Window {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const attempts = 10;

/**
 * The part of a picture that its view (index, view) shows: a pure function of its arguments. The area is uniform in
 * `scale`, the ratio uniform in its logarithm, the place uniform in whole pixels; what does not fit into the picture is
 * drawn again, up to ten times, and then the largest part in the centre is taken whose ratio is allowed.
 *
 * @param viewSeed integer in [0, 2^53)
 * @param index original index of the picture
 * @param size height and width of the whole picture, in pixels
 */
export function drawResizedCrop(
  { scale, ratio }: ResizedCrop,
  viewSeed: number,
  index: number,
  view: number,
  [pictureHeight, pictureWidth]: readonly [height: number, width: number],
): Window {
  const stream = new RandomStream({ seed: viewSeed, index, view, purpose: purposes.resizedCrop });
  const [least, greatest] = ratio.map(Math.log);
  for (let attempt = 0; attempt < attempts; attempt++) {
    const area = pictureHeight * pictureWidth * (scale[0] + (scale[1] - scale[0]) * stream.float());
    const drawn = Math.exp(least + (greatest - least) * stream.float());
    const width = Math.round(Math.sqrt(area * drawn));
    const height = Math.round(Math.sqrt(area / drawn));
    if (width < 1 || height < 1 || width > pictureWidth || height > pictureHeight) continue;
    const top = stream.integer(pictureHeight - height + 1);
    const left = stream.integer(pictureWidth - width + 1);
    return { left, top, width, height };
  }
  const width = Math.min(pictureWidth, Math.max(1, Math.round(pictureHeight * ratio[1])));
  const height = Math.min(pictureHeight, Math.max(1, Math.round(pictureWidth / ratio[0])));
  return {
    left: Math.floor((pictureWidth - width) / 2),
    top: Math.floor((pictureHeight - height) / 2),
    width,
    height,
  };
}
