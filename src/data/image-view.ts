import { readFile } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import { InputError } from '../errors.js';
import type { Augmentation } from './augmentation.js';
import { drawFlip, unitInterval, writeWithEffects } from './augmentation.js';
import type { FileDataset } from './dataset.js';
import { drawResizedCrop, type Window } from './resized-crop.js';
import { drawEffects } from './view-effects.js';

// Several images are decoded at the same time, each by one thread, and none twice.
sharp.concurrency(1);
sharp.cache(false);

const kernels = { nearest: 'nearest', bilinear: 'linear', bicubic: 'cubic', lanczos: 'lanczos3' } as const;

/** An image in a file, and which view of it is wanted. */
export interface FileView extends Pick<FileDataset, 'size' | 'resize'> {
  /** The image's file. */
  readonly path: string;
  /** Original index of the image. */
  readonly index: number;
  readonly view: number;
  readonly viewSeed: number;
  readonly augmentation: Augmentation;
}

/**
 * Decodes an image and writes one view of it in [0, 1]; lighting may leave that range. Colours are taken as
 * stored: colour profiles and EXIF orientation are not applied, transparency is dropped, and grey is repeated
 * in the three channels.
 *
 * @param target floats [height, width, 3], starting at `offset`; all of them are written
 * @returns the part of the image that the view shows, if one was drawn
 * @throws InputError that names the file, if it cannot be read, is truncated or damaged, or is not an image
 */
export async function writeFileView(
  view: FileView,
  target: Float32Array,
  offset: number,
): Promise<Window | undefined> {
  const { path, index, viewSeed, augmentation } = view;
  const { bytes, window } = await decoded(path, () => rgbOf(view));
  const { size } = view;
  const width = size[1];
  const flip = drawFlip(augmentation, viewSeed, index, view.view);
  const effects = drawEffects(augmentation, viewSeed, index, view.view);
  if (effects !== undefined) {
    if (flip) mirror(bytes, size);
    writeWithEffects(bytes, size, effects, target, offset);
    return window;
  }
  for (let y = 0, to = offset; y < size[0]; y++) {
    let from = 3 * (flip ? (y + 1) * width - 1 : y * width);
    for (let x = 0; x < width; x++, to += 3, from += flip ? -3 : 3) {
      target[to] = unitInterval[bytes[from]];
      target[to + 1] = unitInterval[bytes[from + 1]];
      target[to + 2] = unitInterval[bytes[from + 2]];
    }
  }
  return window;
}

/** Mirrors an image left to right in place. */
function mirror(bytes: Uint8Array, [height, width]: readonly [number, number]): void {
  for (let y = 0; y < height; y++) {
    for (let left = 3 * y * width, right = 3 * ((y + 1) * width - 1); left < right; left += 3, right -= 3) {
      for (let channel = 0; channel < 3; channel++) {
        const moved = bytes[left + channel];
        bytes[left + channel] = bytes[right + channel];
        bytes[right + channel] = moved;
      }
    }
  }
}

/**
 * Decodes a whole image to check it.
 *
 * @throws InputError that names the file, if it cannot be read or decoded
 */
export async function checkImage(path: string): Promise<void> {
  // sharp's `stats` accepts truncated images when several are decoded at the same time.
  await decoded(path, async () => (await open(await readFile(path))).image.raw().toBuffer());
}

/** The RGB bytes of the view before mirroring, and the window that they show if one was drawn. */
async function rgbOf({
  path,
  index,
  view,
  viewSeed,
  augmentation,
  size,
  resize,
}: FileView): Promise<{ bytes: Buffer; window: Window | undefined }> {
  const { image, imageSize } = await open(await readFile(path));
  const [height, width] = size;
  let window: Window | undefined;
  if (augmentation.resizedCrop) {
    window = drawResizedCrop(augmentation.resizedCrop, viewSeed, index, view, imageSize);
    image.extract(window).resize(width, height, { fit: 'fill', kernel: 'linear', fastShrinkOnLoad: false });
  } else {
    const whole = shorterSideTo(resize.short, imageSize);
    const kernel = kernels[resize.interpolation];
    image
      .resize(whole[1], whole[0], { fit: 'fill', kernel, fastShrinkOnLoad: false })
      .extract({ left: margin(whole[1], width), top: margin(whole[0], height), width, height });
  }
  return { bytes: await image.toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer(), window };
}

/** An image without transparency, and its height and width. */
async function open(
  bytes: Buffer,
): Promise<{ image: Sharp; imageSize: readonly [number, number] }> {
  // An image with mere warnings of the decoder is used, as other programs do.
  const image = sharp(bytes, { failOn: 'error', ignoreIcc: true });
  const { width, height, hasAlpha } = await image.metadata();
  if (!hasAlpha) return { image, imageSize: [height, width] };
  // Resizing would weight the colours by their opacity.
  const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return {
    image: sharp(data, { raw: { width, height, channels: info.channels } }),
    imageSize: [height, width],
  };
}

/**
 * Height and width of an image after its shorter side is resized to `short`; the longer one is rounded down.
 */
function shorterSideTo(short: number, [height, width]: readonly [number, number]): readonly [number, number] {
  return width <= height
    ? [Math.floor((short * height) / width), short]
    : [short, Math.floor((short * width) / height)];
}

/** The pixels before the centre part. A half is rounded to even. */
function margin(whole: number, centre: number): number {
  const rest = whole - centre;
  return Math.floor(rest / 2) + (rest % 4 === 3 ? 1 : 0);
}

async function decoded<T>(path: string, decode: () => Promise<T>): Promise<T> {
  try {
    return await decode();
  } catch (cause) {
    const reason = (cause instanceof Error ? cause.message : String(cause)).replace(/\s+/g, ' ').trim();
    throw new InputError(`the image ${path} cannot be decoded: ${reason}`, {
      fix: 'replace it or take it away, or leave such images out with `skipCorrupt: true`',
      cause,
    });
  }
}
