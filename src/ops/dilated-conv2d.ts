import {
  conv2d as stockConv2d,
  matMul,
  pad,
  type Rank,
  reshape,
  reverse,
  slice,
  stack,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
  transpose,
} from '@tensorflow/tfjs-core';
import type { DilatedAttributes } from '../backends/kernel-contracts/convolution.js';
import { InputError } from '../errors.js';
import { hwnc, nhwc } from './conv2d.js';
import { differentiable } from './differentiable.js';
import { composedKernel } from './kernel.js';
import { shapeText } from './shape-text.js';

/** With `transposed` the filter is read as [k, k, K, C] and rotated by 180°: the gradient to the input. */
const convKernel = composedKernel<DilatedAttributes & { readonly transposed: boolean }, Tensor4D>(
  'DilatedConv2D',
  ({ x, w }, { dilation, transposed }) => {
    const filter = transposed ? transpose(reverse(w, [0, 1]), [0, 1, 3, 2]) : w;
    return hwnc(stockConv2d(nhwc(x), filter as Tensor4D, 1, 'same', 'NHWC', dilation));
  },
);

/** The gradient to a filter of `window`² taps. */
const filterGradKernel = composedKernel<DilatedAttributes & { readonly window: number }, Tensor4D>(
  'DilatedConv2DBackpropFilter',
  ({ x, dy }, { dilation, window }) => {
    const [h, w, n, c] = (x as Tensor4D).shape;
    const k = (dy as Tensor4D).shape[3];
    const margin: [number, number] = [((window - 1) / 2) * dilation, ((window - 1) / 2) * dilation];
    const padded = pad(x as Tensor4D, [margin, margin, [0, 0], [0, 0]]);
    const rows = (map: Tensor, channels: number): Tensor2D => reshape(map, [h * w * n, channels]);
    const taps = Array.from({ length: window ** 2 }, (_, tap) => {
      const [row, column] = [Math.floor(tap / window), tap % window].map((at) => at * dilation);
      return matMul(rows(slice(padded, [row, column, 0, 0], [h, w, n, c]), c), rows(dy, k), true);
    });
    return reshape<Rank.R4>(stack(taps), [window, window, c, k]);
  },
);

/**
 * A convolution in full precision that keeps the size, with taps `dilation` positions apart and zeros around
 * the map:
 *
 *   y[p, n, k] = Σ_{tap, c} x[p + dilation·(tap − middle), n, c] · w[tap, c, k]
 *
 * It is made for few channels; `conv2d` is faster for many.
 *
 * @param x position-major [H, W, N, C]
 * @param w filter [k, k, C, K] with k odd
 * @param dilation from 1, where the taps are neighbours
 * @returns [H, W, N, K]
 * @throws InputError for shapes that do not fit
 */
export function dilatedConv2d(x: Tensor4D, w: Tensor4D, dilation: number): Tensor4D {
  const [window, columns, inputs] = w.shape;
  if (x.rank !== 4 || w.rank !== 4)
    throw new InputError(`dilatedConv2d needs tensors of rank 4, got ranks ${x.rank} and ${w.rank}.`);
  if (window !== columns || window % 2 === 0 || inputs !== x.shape[3])
    throw new InputError(
      `dilatedConv2d: the filter ${shapeText(w)} must have a square window of odd side and the ${x.shape[3]} channels of the input.`,
    );
  if (!Number.isInteger(dilation) || dilation < 1)
    throw new InputError(`dilatedConv2d needs a whole dilation from 1, got ${dilation}.`);
  return differentiable<Tensor4D>([w, x], () => ({
    value: convKernel({ x, w }, { dilation, transposed: false }),
    saved: [x, w],
    gradients: (dy, [input, filter]) => [
      filterGradKernel({ x: input, dy }, { dilation, window }),
      convKernel({ x: dy, w: filter }, { dilation, transposed: true }),
    ],
  }));
}
