import {
  abs,
  add,
  cast,
  greaterEqual,
  lessEqual,
  mean,
  mul,
  sub,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
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
import { preluOf } from './prelu.js';

const signOf = (x: Tensor): Tensor => sub(mul(cast(greaterEqual(x, 0), 'float32'), 2), 1);

/** sign(w), and α = mean |w| of each output channel. On the native backend the signs are packed bits. */
export const filterSignsKernel = composedKernel<object, Tensor[]>('BinariseFilter', ({ w }) => [
  signOf(w),
  mean(abs(w), [0, 1, 2]),
]);

/**
 * y = α · (x * sign(w)) of ±1 activations, plus the residual if there is one, or prelu(residual) with a
 * slope.
 */
export const binaryForward = composedKernel<ConvGeometry, Tensor4D>(
  'BinaryConv2D',
  ({ x, sign, scale, residual, slope }, geometry) => {
    const y = mul<Tensor4D>(convForward({ x, w: sign }, geometry), scale);
    return residual ? add(y, preluOf(residual, slope)) : y;
  },
);

/** Its gradient to x of the given size [H, W]. */
export const binaryBackwardInput = composedKernel<BackwardAttributes, Tensor4D>(
  'BinaryConv2DBackpropInput',
  ({ dy, sign, scale }, attributes) => convBackwardInput({ dy: mul(dy, scale), w: sign }, attributes),
);

/** Its straight-through gradient to the latent weights w of the given size [kh, kw]. */
export const binaryBackwardFilter = composedKernel<BackwardAttributes, Tensor4D>(
  'BinaryConv2DBackpropFilter',
  ({ x, dy, scale, w }, attributes) =>
    mul(mul(convBackwardFilter({ x: x, dy: dy }, attributes), scale), cast(lessEqual(abs(w), 1), 'float32')),
);

/**
 * Convolution of ±1 activations with the signs of latent weights (XNOR-Net, Rastegari et al. 2016):
 *
 *   y[p, n, k] = α_k · Σ_{tap, c} x[p·stride + tap − pad, n, c] · sign(w[tap, c, k])
 *   α_k = mean |w[·, ·, k]|
 *
 * The sum is an exact integer. Padding contributes 0, and sign(0) = +1. The gradient to x is that of a
 * convolution with α·sign(w). The gradient to w passes the straight-through estimator: α_k · Σ x·dy where |w|
 * ≤ 1 and 0 elsewhere, with α as a constant.
 *
 * @param x ±1, position-major [H, W, N, C]
 * @param w latent weights [kh, kw, C / groups, K]
 * @returns [H', W', N, K]
 * @throws InputError for shapes that do not fit
 */
export function binaryConv2d(x: Tensor4D, w: Tensor4D, geometry: ConvGeometry): Tensor4D {
  checkConvolution('binaryConv2d', x, w, geometry);
  return differentiable([x, w], () => {
    const [sign, scale] = filterSignsKernel({ w }, {}) as [Tensor, Tensor];
    return {
      value: binaryForward({ x, sign, scale }, geometry),
      saved: [x, w, sign, scale],
      gradients: (dy, [input, latent, savedSign, savedScale]) => [
        binaryBackwardInput(
          { dy, sign: savedSign, scale: savedScale },
          { ...geometry, size: [x.shape[0], x.shape[1]] },
        ),
        binaryBackwardFilter(
          { x: input, dy, scale: savedScale, w: latent },
          { ...geometry, size: [w.shape[0], w.shape[1]] },
        ),
      ],
    };
  });
}
