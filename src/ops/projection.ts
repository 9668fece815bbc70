import {
  add,
  matMul,
  mul,
  neg,
  ones,
  type Rank,
  relu,
  reshape,
  rsqrt,
  sub,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Variable,
} from '@tensorflow/tfjs-core';
import type {
  ProjectedGradientsAttributes,
  ProjectedStatisticsAttributes,
} from '../backends/kernel-contracts/normalisation.js';
import { updatedStatistics } from './channel-statistics.js';
import { composedKernel } from './kernel.js';

// A projection is a 1×1 convolution v = x · W. What BatchNorm and its gradients need of v follows from sums
// over x, so v need not be made; see `convNormPool`.

/**
 * The statistics of v from `products` = xᵀx [C, C], the mean m of x [C] and w [C, K]. With Σ = products /
 * rows − m mᵀ:
 *
 *   covered = Σ · w [C, K],  mean = wᵀm [K],  variance_k = max(0, (wᵀ · covered)_kk) [K]
 *
 * `runningMean` and `runningVariance`, if they are given, are moved as `updatedStatistics` says.
 */
export const projectedStatisticsKernel = composedKernel<ProjectedStatisticsAttributes, Tensor[]>(
  'ProjectedStatistics',
  ({ products, mean: m, w, runningMean, runningVariance }, { rows, momentum }) => {
    const covariance = sub(mul(products, 1 / rows), matMul(asColumn(m), asRow(m)));
    const covered = matMul(covariance, w as Tensor2D);
    const mean: Tensor1D = reshape(matMul(asRow(m), w as Tensor2D), [w.shape[1]!]);
    // Rounding may give less than 0 for a variance of 0.
    const variance: Tensor1D = relu(columnSums(mul(w, covered)));
    if (runningMean) {
      const running = {
        mean: runningMean as Variable & Tensor1D,
        variance: runningVariance as Variable & Tensor1D,
      };
      const moved = updatedStatistics(running, { mean, variance }, momentum, rows);
      running.mean.assign(moved.mean);
      running.variance.assign(moved.variance);
    }
    return [covered, mean, variance];
  },
);

/**
 * The gradients of BatchNorm on v from `products` = pᵀ · dy [C, K], where p is the input after pooling, dβ =
 * Σ dy [K], and inputs and outputs of {@link projectedStatisticsKernel}. With s = γ/√(σ² + ε) and t =
 * s·dγ/√(σ² + ε):
 *
 *   dW = s·(products − m dβᵀ) − t·covered [C, K],  dγ = ((wᵀ·products)_kk − μ_k dβ_k)/√(σ²_k + ε) [K],
 *   pull = s·w [C, K],  tilt = −w diag(t) wᵀ / rows [C, C],
 *   level = −(m·tilt + w·(s dβ) / rows)·positions [C]
 *
 * The gradient to x is then unpool(dy · pullᵀ + level) + x · tilt.
 */
export const projectedGradientsKernel = composedKernel<ProjectedGradientsAttributes, Tensor[]>(
  'ProjectedGradients',
  ({ products, dbeta, mean: m, w, gamma, covered, outputMean, outputVariance }, attributes) => {
    const { rows, epsilon, positions } = attributes;
    const inverse = rsqrt(add(outputVariance, epsilon));
    const s = mul(gamma, inverse);
    const dgamma = mul(sub(columnSums(mul(w, products)), mul(outputMean, dbeta)), inverse);
    const t = mul(s, mul(dgamma, inverse));
    const centred = sub(products, matMul(asColumn(m), asRow(dbeta)));
    const dw = sub(mul(centred, s), mul(covered, t));
    const tilt = matMul(mul(w, mul(t, -1 / rows)), w, false, true);
    const drawn = matMul(asRow(mul(s, mul(dbeta, 1 / rows))), w, false, true);
    const level = mul(neg(add(matMul(asRow(m), tilt), drawn)), positions);
    return [dw, dgamma, mul(w, s), tilt, reshape(level, [m.size])];
  },
);

const asRow = (v: Tensor): Tensor2D => reshape(v, [1, v.size]);
const asColumn = (v: Tensor): Tensor2D => reshape(v, [v.size, 1]);

/** The sums of the columns of a matrix, as a product: a stock sum over the first axis transposes it first. */
function columnSums(matrix: Tensor): Tensor1D {
  const [rows, columns] = matrix.shape as [number, number];
  return reshape(matMul(ones<Rank.R2>([1, rows]), matrix as Tensor2D), [columns]);
}
