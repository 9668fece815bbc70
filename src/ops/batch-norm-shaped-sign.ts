import type { Tensor } from '@tensorflow/tfjs-core';
import { type AffineParameters, normGradKernel, normKernel, normSignKernel } from './batch-norm.js';
import type { ChannelStatistics } from './channel-statistics.js';
import { differentiable } from './differentiable.js';
import { type SignSlope, throughSlope } from './sign-slope.js';

/**
 * sign(BatchNorm(x)) with the statistics of the batch, as `batchNormSign`, with a gradient of the sign that
 * depends on the value v = γ (x − μ) / √(σ² + ε) + β, where `batchNormSign` needs one bit of it. v is not
 * kept: the backward pass computes it again.
 *
 * @param x [..., C]; parameters and statistics are [C]
 * @param slope the stand-in for the sign, through which the gradient passes
 */
export function batchNormShapedSign<T extends Tensor>(
  x: T,
  { gamma, beta }: AffineParameters,
  { mean, variance }: ChannelStatistics,
  slope: SignSlope,
  epsilon: number,
): T {
  return differentiable<T>([x, gamma, beta], () => ({
    value: normSignKernel({ x, mean, variance, gamma, beta }, { epsilon, withMask: false })[0] as T,
    saved: [x, mean, variance, gamma, beta],
    gradients: (dy, [input, mu, sigma2, g, b], ctx) => {
      const norm = { x: input, mean: mu, variance: sigma2, gamma: g };
      const v = normKernel({ ...norm, beta: b }, { epsilon });
      const upstream = throughSlope<Tensor>(dy, v, slope, ctx);
      v.dispose();
      const gradients = normGradKernel({ ...norm, dy: upstream }, { epsilon, inPlace: true });
      upstream.dispose();
      return gradients;
    },
  }));
}
