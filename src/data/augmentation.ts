import { InputError } from '../errors.js';
import type { Dataset } from './dataset.js';
import { purposes, RandomStream } from './random.js';
import { inceptionCrop, type ResizedCrop } from './resized-crop.js';
import {
  applyByteEffects,
  applyFloatEffects,
  checkEffects,
  type DrawnEffects,
  drawEffects,
  type Effects,
} from './view-effects.js';

/**
 * How a training image is augmented. The order is: crop or resized crop, flip, then the {@link Effects}
 * rotation, autoAugment, colorJitter and lighting. Each operation draws from its own stream (see
 * {@link purposes}), so that adding one does not change the draws of the others. An absent field does
 * nothing.
 */
export interface Augmentation extends Effects {
  /**
   * Pad by `padding` black pixels on all four sides, then cut out a window of the original size; null for no
   * crop. Only for images in memory.
   */
  readonly crop: { readonly padding: number } | null;
  /**
   * Cut out a random part and resize it to the view. If absent or null, the shorter side is resized to the
   * data set's `resize.short` and the centre is cut out. Only for images in files.
   */
  readonly resizedCrop?: ResizedCrop | null;
  /** Mirror left to right with probability ½. */
  readonly flip: boolean;
}

/** Images without augmentation, for evaluation. */
export const noAugmentation: Augmentation = { crop: null, flip: false };

/** The usual augmentation of 32×32 images: crop 32 out of 40 (padding 4) and flip. */
export const cropAndFlip: Augmentation = { crop: { padding: 4 }, flip: true };

/** The usual augmentation of images in files: a random part resized, and flip. */
export const resizedCropAndFlip: Augmentation = { crop: null, resizedCrop: inceptionCrop, flip: true };

/** All fields of an augmentation. Absent ones get the values that do nothing. */
export function completeAugmentation(augmentation: Augmentation): Required<Augmentation> {
  return {
    ...augmentation,
    crop: augmentation.crop,
    resizedCrop: augmentation.resizedCrop ?? null,
    flip: augmentation.flip,
    rotation: augmentation.rotation ?? 0,
    autoAugment: augmentation.autoAugment ?? 'none',
    colorJitter: augmentation.colorJitter ?? null,
    lighting: augmentation.lighting ?? 0,
  };
}

/** An augmentation without the fields that do nothing. */
export function leanAugmentation(augmentation: Augmentation): Augmentation {
  const { crop, flip, ...rest } = augmentation;
  const idle = completeAugmentation(noAugmentation);
  const active = Object.entries(rest).filter(
    ([name, value]) => value !== undefined && value !== idle[name as keyof Augmentation],
  );
  return { crop, ...Object.fromEntries(active), flip };
}

/**
 * The augmentation that a run has by default: for images in memory a crop, padded by an eighth of their
 * height, and flip; for images in files {@link resizedCropAndFlip}.
 */
export function trainingAugmentation(dataset: Dataset): Augmentation {
  if (!('pixels' in dataset)) return resizedCropAndFlip;
  return { crop: { padding: Math.round(dataset.size[0] / 8) }, flip: true };
}

/**
 * The drawn parameters of one view:
 *
 *   out(y, x) = in(y + offsetY, x' + offsetX),  x' = flip ? width − 1 − x : x
 */
export interface ViewParameters {
  /** Rows that the window is moved down, in [−padding, padding]; 0 is the image itself. */
  readonly offsetY: number;
  /** Columns that the window is moved to the right, in [−padding, padding]. */
  readonly offsetX: number;
  readonly flip: boolean;
  /** Absent if the augmentation has no effects. */
  readonly effects?: DrawnEffects;
}

/**
 * Draws the parameters of the view (index, view): a pure function of its arguments.
 *
 * @param viewSeed integer in [0, 2^53)
 * @param index original index of the image
 * @param size height and width of the image, in pixels
 * @throws InputError if the padding is not an integer in [0, min(height, width))
 */
export function drawAugmentation(
  augmentation: Augmentation,
  viewSeed: number,
  index: number,
  view: number,
  size: readonly [height: number, width: number],
): ViewParameters {
  let offsetY = 0;
  let offsetX = 0;
  if (augmentation.crop !== null) {
    const { padding } = augmentation.crop;
    checkPadding(padding, size);
    const stream = new RandomStream({ seed: viewSeed, index, view, purpose: purposes.crop });
    offsetY = stream.integer(2 * padding + 1) - padding;
    offsetX = stream.integer(2 * padding + 1) - padding;
  }
  const window = { offsetY, offsetX, flip: drawFlip(augmentation, viewSeed, index, view) };
  const effects = drawEffects(augmentation, viewSeed, index, view);
  return effects === undefined ? window : { ...window, effects };
}

/** Whether the view (index, view) is mirrored. */
export function drawFlip({ flip }: Augmentation, viewSeed: number, index: number, view: number): boolean {
  return flip && new RandomStream({ seed: viewSeed, index, view, purpose: purposes.flip }).integer(2) === 1;
}

/**
 * Checks that an augmentation fits the images.
 *
 * @throws InputError for a crop with padding if images are in files, a resized crop if they are in memory, or
 *   a value out of range
 */
export function checkAugmentation(augmentation: Augmentation, dataset: Dataset): void {
  const { crop, resizedCrop = null } = augmentation;
  checkEffects(augmentation);
  if ('pixels' in dataset) {
    if (crop !== null) checkPadding(crop.padding, dataset.size);
    if (resizedCrop === null) return;
    throw new InputError(`a resized crop is for images in files, and those of ${dataset.kind} are in memory`);
  }
  if (crop !== null)
    throw new InputError(
      `a crop with padding is for images in memory, and those of ${dataset.kind} are in files`,
    );
  if (resizedCrop === null) return;
  const isRange = ([least, greatest]: readonly [number, number], most: number): boolean =>
    least > 0 && least <= greatest && greatest <= most;
  if (isRange(resizedCrop.scale, 1) && isRange(resizedCrop.ratio, Number.MAX_VALUE)) return;
  throw new InputError(
    `a resized crop needs rising scales in (0, 1] and rising ratios above 0, got ${resizedCrop.scale.join(' to ')} and ${resizedCrop.ratio.join(' to ')}`,
  );
}

function checkPadding(padding: number, [height, width]: readonly [number, number]): void {
  if (Number.isInteger(padding) && padding >= 0 && padding < Math.min(height, width)) return;
  throw new InputError(
    `crop padding must be an integer from 0 to ${Math.min(height, width) - 1} for ${height}×${width} images, got ${padding}`,
  );
}

/** The floats of all bytes: byte / 255. */
export const unitInterval = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);

/**
 * Writes a view in [0, 1]; lighting may leave that range.
 *
 * @param source RGB bytes [height, width, 3], starting at `sourceOffset`
 * @param target floats [height, width, 3], starting at `targetOffset`; all of them are written
 */
export function makeView(
  source: Uint8Array,
  sourceOffset: number,
  size: readonly [height: number, width: number],
  parameters: ViewParameters,
  target: Float32Array,
  targetOffset: number,
): void {
  const { effects } = parameters;
  if (effects === undefined) {
    cropInto(source, sourceOffset, size, parameters, target, targetOffset);
    return;
  }
  const length = size[0] * size[1] * 3;
  const bytes = cropped(source.subarray(sourceOffset, sourceOffset + length), size, parameters);
  writeWithEffects(bytes, size, effects, target, targetOffset);
}

/**
 * Applies effects to an image that is already cropped and mirrored, and writes it as floats in [0, 1];
 * lighting may leave that range.
 *
 * @param bytes RGB [height, width, 3]; they are overwritten
 * @param target floats [height, width, 3], starting at `offset`; all of them are written
 */
export function writeWithEffects(
  bytes: Uint8Array,
  size: readonly [height: number, width: number],
  effects: DrawnEffects,
  target: Float32Array,
  offset: number,
): void {
  applyByteEffects(bytes, size, effects);
  for (let at = 0; at < bytes.length; at++) target[offset + at] = unitInterval[bytes[at]];
  applyFloatEffects(target, offset, bytes.length, effects);
}

/** The bytes of the window, mirrored if that was drawn. */
function cropped(
  source: Uint8Array,
  [height, width]: readonly [height: number, width: number],
  { offsetY, offsetX, flip }: ViewParameters,
): Uint8Array {
  const bytes = new Uint8Array(source.length);
  for (let y = 0; y < height; y++) {
    const sourceY = y + offsetY;
    if (sourceY < 0 || sourceY >= height) continue;
    for (let x = 0; x < width; x++) {
      const sourceX = (flip ? width - 1 - x : x) + offsetX;
      if (sourceX < 0 || sourceX >= width) continue;
      const from = 3 * (sourceY * width + sourceX);
      const to = 3 * (y * width + x);
      for (let channel = 0; channel < 3; channel++) bytes[to + channel] = source[from + channel];
    }
  }
  return bytes;
}

/** Writes the window as floats without copying its bytes first. */
function cropInto(
  source: Uint8Array,
  sourceOffset: number,
  [height, width]: readonly [height: number, width: number],
  { offsetY, offsetX, flip }: ViewParameters,
  target: Float32Array,
  targetOffset: number,
): void {
  const rowLength = 3 * width;
  // The target columns that the image covers; the rest is padding.
  const shift = flip ? -offsetX : offsetX;
  const firstColumn = Math.max(0, -shift);
  const endColumn = Math.min(width, width - shift);
  // Column x of the target is read from first + step · x.
  const step = flip ? -3 : 3;
  const first = flip ? 3 * (width - 1 + offsetX) : 3 * offsetX;
  for (let y = 0; y < height; y++) {
    const row = targetOffset + y * rowLength;
    const sourceY = y + offsetY;
    if (sourceY < 0 || sourceY >= height) {
      target.fill(0, row, row + rowLength);
      continue;
    }
    target.fill(0, row, row + 3 * firstColumn);
    target.fill(0, row + 3 * endColumn, row + rowLength);
    let from = sourceOffset + sourceY * rowLength + first + step * firstColumn;
    for (let to = row + 3 * firstColumn; to < row + 3 * endColumn; to += 3) {
      target[to] = unitInterval[source[from]];
      target[to + 1] = unitInterval[source[from + 1]];
      target[to + 2] = unitInterval[source[from + 2]];
      from += step;
    }
  }
}
