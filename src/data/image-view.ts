import { readFile } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import { InputError } from '../errors.js';
import type { Augmentation } from './augmentation.js';
import { drawFlip, unitInterval, writeWithEffects } from './augmentation.js';
import type { FileDataset } from './dataset.js';
import { drawResizedCrop, type Window } from './resized-crop.js';
import { drawEffects } from './view-effects.js';

// Several images are decoded side by side, each by one thread; nothing is asked for twice.
sharp.concurrency(1);
sharp.cache(false);

const kernels = { nearest: 'nearest', bilinear: 'linear', bicubic: 'cubic', lanczos: 'lanczos3' } as const;

/** The names of a view, and the size it is to have. */
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
 * Decodes an image and writes one view of it in [0, 1], which lighting may leave. Colours are taken as they are stored:
 * colour profiles and the orientation in EXIF are not applied, transparency is dropped, grey is repeated in the three
 * channels. Only as much of the file is decoded as the view shows.
 *
 * @param target floats [height, width, 3], starting at `offset`; all of them are written
 * @returns the part of the image that the view shows, if one was drawn
 * @throws InputError if the file cannot be read or is no image, truncated or damaged; it names the file
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

/** Mirrors an image left to right, in place. */
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
 * Decodes the whole of an image.
 *
 * @throws InputError if it cannot be read or decoded; it names the file
 */
export async function checkImage(path: string): Promise<void> {
  // Not by `stats`, which lets cut-off images pass while others are decoded beside it.
  await decoded(path, async () => (await open(await readFile(path))).image.raw().toBuffer());
}

/** The view's RGB bytes before mirroring, and the window they show if one was drawn. */
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

/** A image without transparency, and its height and width. */
async function open(
  bytes: Buffer,
): Promise<{ image: Sharp; imageSize: readonly [number, number] }> {
  // What a decoder only warns of is used all the same, as by other programs.
  const image = sharp(bytes, { failOn: 'error', ignoreIcc: true });
  const { width, height, hasAlpha } = await image.metadata();
  if (!hasAlpha) return { image, imageSize: [height, width] };
  // Colours under transparent pixels would be weighted by their opacity when they are resized.
  const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return {
    image: sharp(data, { raw: { width, height, channels: info.channels } }),
    imageSize: [height, width],
  };
}

/** Height and width of an image whose shorter side is brought to `short`, the longer one rounded down. */
function shorterSideTo(short: number, [height, width]: readonly [number, number]): readonly [number, number] {
  return width <= height
    ? [Math.floor((short * height) / width), short]
    : [short, Math.floor((short * width) / height)];
}

/** What is left out before the centre, a half rounded to even. */
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
      fix: 'replace it or take it away, or leave such images out with --skip-corrupt',
      cause,
    });
  }
}
