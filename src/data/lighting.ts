import type { RandomStream } from './random.js';

/**
 * Principal components of ImageNet's colours in [0, 1]: rows are red, green and blue, columns the components.
 */
const components = [
  [-0.5675, 0.7192, 0.4009],
  [-0.5808, -0.0045, -0.814],
  [-0.5836, -0.6948, 0.4203],
] as const;
/** Their eigenvalues. */
const eigenvalues = [0.2175, 0.0188, 0.0045] as const;

/** Draws α ~ N(0, σ²) for each component, float32: three normal numbers of the stream. */
export function drawLighting(sigma: number, stream: RandomStream): readonly [number, number, number] {
  const normal = (): number => Math.fround(sigma * stream.normal());
  return [normal(), normal(), normal()];
}

/** What lighting adds to red, green and blue in [0, 1]: E · (α ∘ λ), with components E and eigenvalues λ. */
export function lightingShift(alpha: readonly [number, number, number]): readonly [number, number, number] {
  const shift = (row: readonly [number, number, number]): number =>
    row.reduce((sum, entry, k) => sum + entry * alpha[k] * eigenvalues[k], 0);
  return [shift(components[0]), shift(components[1]), shift(components[2])];
}

/**
 * PCA lighting: adds E · (α ∘ λ) to each pixel of an image of floats in [0, 1], [pixels, 3] from `offset` on,
 * before normalisation. The result is not clipped and may lie outside [0, 1]; clipping would undo the change
 * of bright and dark pixels. λ is for this range: on bytes from 0 to 255 the sum would change almost nothing.
 *
 * Source: Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks",
 * NIPS 2012.
 */
export function addLighting(
  image: Float32Array,
  offset: number,
  length: number,
  alpha: readonly [number, number, number],
): void {
  const [red, green, blue] = lightingShift(alpha);
  for (let at = offset; at < offset + length; at += 3) {
    image[at] += red;
    image[at + 1] += green;
    image[at + 2] += blue;
  }
}
