import { InputError } from '../errors.js';
import { nearestNames } from '../nearest.js';
import type { CardInput } from './card.js';
import type { ModelFile } from './model-file.js';
import type { OnnxDimension, OnnxValue } from './onnx-wire.js';

/** Order of an image tensor's axes: [batch, channels, height, width] or [batch, height, width, channels]. */
export type ImageLayout = 'nchw' | 'nhwc';

/** The input of an image model. */
export interface ImageInput {
  readonly name: string;
  readonly layout: ImageLayout;
  /** In pixels. */
  readonly size: readonly [height: number, width: number];
  /** The fixed batch size of the model, if it has one. */
  readonly batch: number | undefined;
  /** The type of its elements; images are converted to it. */
  readonly dtype: 'float32' | 'float16';
}

/** What a card may say about the input. The rest comes from the model. */
export type InputHints = Partial<Pick<CardInput, 'name' | 'layout' | 'size'>>;

/**
 * The image input of a model.
 *
 * @param openSize the size if neither the model nor the card has one
 * @throws InputError if the input is anything but one float32 or float16 image of three channels, if it
 *   contradicts the card, or if neither of them has the size.
 */
export function imageInput(
  { path, model }: ModelFile,
  hints: InputHints = {},
  openSize?: readonly [number, number],
): ImageInput {
  const names = model.inputs.map(({ name }) => name);
  if (hints.name !== undefined && !names.includes(hints.name))
    throw new InputError(`${path} has no input "${hints.name}", which its teacher card names`, {
      nearest: nearestNames(hints.name, names),
      fix: `its inputs are ${names.join(', ')}`,
    });
  if (model.inputs.length !== 1)
    throw new InputError(
      `${path} takes ${names.length} inputs (${names.join(', ')}), but a teacher takes one image`,
    );
  const value = model.inputs[0];
  const shape = value.shape ?? [null, null, null, null];
  const layout = imageLayout(shape, hints.layout);
  if (layout === undefined)
    throw new InputError(
      `the input of ${path} is not an image: "${value.name}" has shape ${shown(value)}, expected ` +
        (hints.layout === undefined
          ? '[batch, 3, height, width] or [batch, height, width, 3]'
          : axes[hints.layout]),
    );
  const { dtype } = value;
  if (dtype !== 'float32' && dtype !== 'float16')
    throw new InputError(`${path} takes ${dtype} images, expected float32 or float16`, {
      fix: 'export it with a float32 input',
    });
  const [height, width] = layout === 'nchw' ? shape.slice(2) : shape.slice(1, 3);
  const size =
    hints.size ?? (typeof height === 'number' && typeof width === 'number' ? [height, width] : openSize);
  if (size === undefined)
    throw new InputError(
      `the input of ${path} has shape ${shown(value)}, which leaves the size of the images open`,
      {
        fix: `give it in a teacher card: \`distill card init ${path}\` drafts one`,
      },
    );
  if (!agrees(height, size[0]) || !agrees(width, size[1]))
    throw new InputError(
      `the teacher card of ${path} says ${size.join('×')} images, but its input has shape ${shown(value)}`,
    );
  return {
    name: value.name,
    layout,
    size: [size[0], size[1]],
    batch: typeof shape[0] === 'number' ? shape[0] : undefined,
    dtype,
  };
}

/** How images in [0, 1] become the input of a model. */
export interface Normalisation {
  readonly color: 'rgb' | 'bgr';
  /** Factor of bytes 0 … 255. */
  readonly scale: '1/255' | 1;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/**
 * Writes normalised images in the model's layout: (255 · scale · x − mean) / std for each of the model's
 * channels.
 *
 * @param images RGB in [0, 1], NHWC: [count, height, width, 3]
 * @param into memory whose start is overwritten: [count, 3, height, width] or [count, height, width, 3]
 * @param planeSize height · width
 */
export function normaliseImages(
  images: Float32Array,
  into: Float32Array,
  planeSize: number,
  layout: ImageLayout,
  { color, scale, mean, std }: Normalisation,
): void {
  const unit = scale === 1 ? 255 : 1;
  for (let channel = 0; channel < 3; channel++) {
    const source = color === 'rgb' ? channel : 2 - channel;
    const factor = unit / std[channel];
    const offset = -mean[channel] / std[channel];
    const [start, step] = layout === 'nchw' ? [channel * planeSize, 1] : [channel, 3];
    for (let base = 0; base < images.length; base += 3 * planeSize)
      for (
        let pixel = 0, from = base + source, to = base + start;
        pixel < planeSize;
        pixel++, from += 3, to += step
      )
        into[to] = images[from] * factor + offset;
  }
}

const axes = { nchw: '[batch, 3, height, width]', nhwc: '[batch, height, width, 3]' };

/** The layout of an image input of this shape, by preference the card's; undefined if it is not one. */
function imageLayout(
  shape: readonly OnnxDimension[],
  wanted: ImageLayout | undefined,
): ImageLayout | undefined {
  if (shape.length !== 4) return undefined;
  const allowed = [
    ...(agrees(shape[1], 3) ? (['nchw'] as const) : []),
    ...(agrees(shape[3], 3) ? (['nhwc'] as const) : []),
  ];
  return wanted === undefined
    ? shape[3] === 3 && shape[1] !== 3
      ? 'nhwc'
      : allowed[0]
    : allowed.find((layout) => layout === wanted);
}

function agrees(dimension: OnnxDimension, length: number): boolean {
  return typeof dimension !== 'number' || dimension === length;
}

function shown({ shape }: OnnxValue): string {
  return shape === undefined ? 'unknown' : `[${shape.map((dimension) => dimension ?? '?').join(', ')}]`;
}
