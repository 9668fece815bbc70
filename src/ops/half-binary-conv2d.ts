import { abs, cast, lessEqual, mul, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';
import { filterSignsKernel, binaryBackwardInput } from './binary-conv2d.js';
import {
  type BackwardAttributes,
  checkConvolution,
  convBackwardFilter,
  convBackwardInput,
  convForward,
  type ConvGeometry,
} from './conv2d.js';
import { differentiable } from './differentiable.js';
import { composedKernel } from './kernel.js';

/** y = x * w of ±1 activations and float weights. */
const binaryInputForward = composedKernel<ConvGeometry, Tensor4D>('BinaryInputConv2D', ({ x, w }, geometry) =>
  convForward({ x, w }, geometry),
);

/** Its gradient to w of the given size [kh, kw]. */
const binaryInputBackwardFilter = composedKernel<BackwardAttributes, Tensor4D>(
  'BinaryInputConv2DBackpropFilter',
  ({ x, dy }, attributes) => convBackwardFilter({ x, dy }, attributes),
);

/** y = α · (x * sign(w)) of float activations. */
const binaryFilterForward = composedKernel<ConvGeometry, Tensor4D>(
  'BinaryFilterConv2D',
  ({ x, sign, scale }, geometry) => mul(convForward({ x, w: sign }, geometry), scale),
);

/** Its straight-through gradient to the latent weights w of the given size [kh, kw]. */
const binaryFilterBackwardFilter = composedKernel<BackwardAttributes, Tensor4D>(
  'BinaryFilterConv2DBackpropFilter',
  ({ x, dy, scale, w }, attributes) =>
    mul(mul(convBackwardFilter({ x, dy }, attributes), scale), cast(lessEqual(abs(w), 1), 'float32')),
);

/**
 * Convolution of ±1 activations with float weights:
 *
 *   y[p, n, k] = Σ_{tap, c} x[p·stride + tap − pad, n, c] · w[tap, c, k]
 *
 * It is the first stage of training in two stages, activations before weights (Martinez et al. 2020,
 * "Training binary neural networks with real-to-binary convolutions"). Padding contributes 0. The gradients
 * are those of `conv2d`, dx = Σ dy·w and dw = Σ x·dy. On the native backend y and dw are sums of table rows
 * that the packed signs of x select, without multiplications.
 *
 * @param x ±1, position-major [H, W, N, C]
 * @param w weights [kh, kw, C / groups, K], any values
 * @returns [⌊(H + 2 pad − kh) / stride⌋ + 1, …, N, K]
 * @throws InputError for shapes that do not fit
 */
export function binaryInputConv2d(x: Tensor4D, w: Tensor4D, geometry: ConvGeometry): Tensor4D {
  checkConvolution('binaryInputConv2d', x, w, geometry);
  return differentiable([x, w], () => ({
    value: binaryInputForward({ x, w }, geometry),
    saved: [x, w],
    gradients: (dy: Tensor4D, [input, filter]: Tensor[]) => [
      convBackwardInput({ dy, w: filter }, { ...geometry, size: [x.shape[0], x.shape[1]] }),
      binaryInputBackwardFilter({ x: input, dy }, { ...geometry, size: [w.shape[0], w.shape[1]] }),
    ],
  }));
}

/**
 * Convolution of float activations with the signs of latent weights (binary weight networks; XNOR-Net,
 * Rastegari et al. 2016):
 *
 *   y[p, n, k] = α_k · Σ_{tap, c} x[p·stride + tap − pad, n, c] · sign(w[tap, c, k])
 *   α_k = mean |w[·, ·, k]|
 *
 * Padding contributes 0, and sign(0) = +1. The gradient to x is that of a convolution with α·sign(w). The
 * gradient to w passes the straight-through estimator: α_k · Σ x·dy where |w| ≤ 1 and 0 elsewhere, with α as
 * a constant. On the native backend y and dx are sums of table rows that the packed signs of w select,
 * without multiplications by weights.
 *
 * @param x activations, position-major [H, W, N, C], any values
 * @param w latent weights [kh, kw, C / groups, K]
 * @param inputGradient false where no gradient to x is needed, because x is the network's input; it is then
 *   not computed
 * @returns [⌊(H + 2 pad − kh) / stride⌋ + 1, …, N, K]
 * @throws InputError for shapes that do not fit
 */
export function binaryFilterConv2d(
  x: Tensor4D,
  w: Tensor4D,
  geometry: ConvGeometry,
  inputGradient = true,
): Tensor4D {
  checkConvolution('binaryFilterConv2d', x, w, geometry);
  return differentiable(inputGradient ? [w, x] : [w], () => {
    const [sign, scale] = filterSignsKernel({ w }, {}) as [Tensor, Tensor];
    return {
      value: binaryFilterForward({ x, sign, scale }, geometry),
      saved: [x, w, sign, scale],
      gradients: (dy: Tensor4D, [input, latent, savedSign, savedScale]: Tensor[]) => {
        const dw = binaryFilterBackwardFilter(
          { x: input, dy, scale: savedScale, w: latent },
          { ...geometry, size: [w.shape[0], w.shape[1]] },
        );
        if (!inputGradient) return [dw];
        const dx = binaryBackwardInput(
          { dy, sign: savedSign, scale: savedScale },
          { ...geometry, size: [x.shape[0], x.shape[1]] },
        );
        return [dw, dx];
      },
    };
  });
}
