import {
  add,
  mul,
  reshape,
  rsqrt,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { type AffineParameters, checkChannels } from './batch-norm.js';
import type { ChannelStatistics } from './channel-statistics.js';
import { differentiable } from './differentiable.js';
import { composedKernel } from './kernel.js';
import { globalMean } from './pooling.js';

/** x · scale[n, c] + shift[n, c] at every position. */
const gateAffineKernel = composedKernel<object, Tensor4D>('ChannelGateAffine', ({ x, scale, shift }) =>
  add(mul(x, scale), shift),
);

/**
 * The mean over all positions of BatchNorm(x) with the statistics of the batch, without making the normalised
 * map:
 *
 *   y[n, c] = γ (m[n, c] − μ) / √(σ² + ε) + β,  m = mean over the positions of x
 *
 * differentiated through μ and σ², as `batchNormTraining` is. With P positions, N images and i = 1/√(σ² + ε):
 *
 *   dβ = Σₙ dy,  dγ = Σₙ dy·(m − μ)·i,  dx[p, n, c] = γ i (dy[n, c]/P − dβ/(P N) − (x − μ)·i·dγ/(P N))
 *
 * @param x position-major [H, W, N, C]
 * @param statistics what `channelStatistics` gave for this x
 * @returns [N, C]
 * @throws InputError when a parameter's shape is not [C]
 */
export function normalisedMean(
  x: Tensor4D,
  { gamma, beta }: AffineParameters,
  { mean, variance }: ChannelStatistics,
  epsilon = 1e-5,
): Tensor2D {
  checkChannels('normalisedMean', x, { gamma, beta, mean, variance });
  const [h, w, n] = x.shape;
  const positions = h * w;
  return differentiable<Tensor2D>([x, gamma, beta], () => {
    const inverse = rsqrt<Tensor1D>(add(variance, epsilon));
    const normalised = mul<Tensor2D>(sub(globalMean(x), mean), inverse);
    return {
      value: add(mul(normalised, gamma), beta),
      saved: [x, normalised, mean, inverse, gamma],
      gradients: (dy, [input, m, mu, i, g]) => {
        const dbeta = sum(dy, 0);
        const dgamma = sum(mul(dy, m), 0);
        const factor = mul(g, i);
        const tilt = mul(mul(factor, i), mul(dgamma, -1 / (positions * n)));
        // γ i (dy/P − dβ/(P N)) − μ·tilt
        const level = sub(mul(mul(factor, 1 / positions), sub(dy, mul(dbeta, 1 / n))), mul(mu, tilt));
        const scale = add(mul(dy, 0), reshape(tilt, [1, -1]));
        const dx = gateAffineKernel({ x: input, scale, shift: level }, {}) as Tensor;
        return [dx, dgamma, dbeta];
      },
    };
  });
}
