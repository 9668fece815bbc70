import { optionalAddon } from '../backends/native/addon.js';
import type { ImageLayout } from './image-input.js';

/** Height, width and channels of a feature map, and the order of its axes in the model. */
export interface MapShape {
  readonly shape: readonly [height: number, width: number, channels: number];
  readonly layout: ImageLayout;
}

/**
 * Interprets the shape of a rank-4 tensor as a feature map. ONNX convolutions are NCHW, whatever the layout
 * of the model's input. So a map is NHWC only if its shape says so: [n, a, a, c] with c ≠ a.
 */
export function mapShape(dims: readonly number[]): MapShape {
  const [, a, b, c] = dims;
  return a === b && b !== c ? { shape: [a, b, c], layout: 'nhwc' } : { shape: [b, c, a], layout: 'nchw' };
}

/**
 * Normalises feature maps and writes them in NHWC. Each sample is divided by its L2 norm and multiplied by
 * √(H·W·C), so that its elements have a mean square of 1. A map of zeros stays zero.
 *
 * @param data maps in the model's layout, at least `samples` of them
 * @param into overwritten from sample `first` on: [·, height, width, channels]
 */
export function normaliseFeatures(
  data: Float32Array,
  samples: number,
  { shape: [height, width, channels], layout }: MapShape,
  into: Float32Array,
  first: number,
): void {
  const plane = height * width;
  const length = plane * channels;
  const addon = optionalAddon();
  if (addon) {
    const target = into.subarray(first * length, (first + samples) * length);
    addon.unitMaps({
      samples,
      pixels: plane,
      channels,
      channelsFirst: layout === 'nchw',
      x: data,
      y: target,
    });
    return;
  }
  const [channelStep, pixelStep] = layout === 'nchw' ? [plane, 1] : [1, channels];
  for (let sample = 0; sample < samples; sample++) {
    const from = sample * length;
    let squares = 0;
    for (let i = from; i < from + length; i++) squares += data[i] * data[i];
    const factor = squares === 0 ? 0 : Math.fround(Math.sqrt(length / squares));
    let to = (first + sample) * length;
    for (let pixel = 0; pixel < plane; pixel++)
      for (let channel = 0, at = from + pixel * pixelStep; channel < channels; channel++, at += channelStep)
        into[to++] = data[at] * factor;
  }
}
