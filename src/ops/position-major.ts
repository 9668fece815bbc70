import { type Tensor4D, transpose } from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.js';
import { composedKernel } from './kernel.js';

// Both directions swap the two outer groups of dimensions; `batchMajor` says which the input is.
const swapOuter = composedKernel<{ batchMajor: boolean }, Tensor4D>('SwapOuter', ({ x }, { batchMajor }) =>
  transpose(x as Tensor4D, batchMajor ? [1, 2, 0, 3] : [2, 0, 1, 3]),
);

/**
 * NHWC → position-major [H, W, N, C], the layout of activations inside a network: the images of one position
 * are contiguous, channels innermost. All images share the valid taps of their position, so that a
 * convolution is exact at borders without padding, and a stride costs nothing.
 *
 * @param x [N, H, W, C]
 * @returns [H, W, N, C]
 */
export function toPositionMajor(x: Tensor4D): Tensor4D {
  return differentiable([x], () => ({
    value: swapOuter({ x }, { batchMajor: true }),
    saved: [],
    gradients: (dy) => [swapOuter({ x: dy }, { batchMajor: false })],
  }));
}

/**
 * Position-major → NHWC, the inverse of {@link toPositionMajor}.
 *
 * @param x [H, W, N, C]
 * @returns [N, H, W, C]
 */
export function toBatchMajor(x: Tensor4D): Tensor4D {
  return differentiable([x], () => ({
    value: swapOuter({ x }, { batchMajor: false }),
    saved: [],
    gradients: (dy) => [swapOuter({ x: dy }, { batchMajor: true })],
  }));
}
