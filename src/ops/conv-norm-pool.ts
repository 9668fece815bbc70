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
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { InputError } from '../errors.js';
import { type AffineParameters, normKernel } from './batch-norm.js';
import {
  type ChannelStatistics,
  type RunningStatistics,
  statisticsKernel,
  updatedStatistics,
} from './channel-statistics.js';
import { checkConvolution, convBackwardFilter, convBackwardInput, convForward } from './conv2d.js';
import { differentiable } from './differentiable.js';
import { averageGradKernel, averageKernel } from './pooling.js';

/** The operands of a {@link convNormPool} beside its input. */
export interface ConvNormPoolOperands {
  /** Filter [1, 1, C, K]. */
  readonly filter: Tensor4D;
  /** γ and β, [K]. */
  readonly affine: AffineParameters;
  readonly epsilon: number;
  /** The mean of each channel of x, [C]; measured where it is not given. */
  readonly mean?: Tensor1D | undefined;
  /** Moved towards the statistics of the convolution's output. */
  readonly running?: RunningStatistics | undefined;
}

const unit = { stride: 1, pad: 0 } as const;

/**
 * A 1×1 convolution → BatchNorm with the statistics of the batch → average pooling of whole windows, as one operation:
 *
 *   c = x · W,  y = mean over the window of γ (c − μ) / √(σ² + ε) + β
 *
 * It equals that composition, value and gradients, to float rounding, but never makes c, which has K channels at each
 * position of x. Convolution and pooling commute, and what BatchNorm needs of c follows from the mean m of x and its
 * covariance Σ = E[(x − m)(x − m)ᵀ]:
 *
 *   μ = Wᵀm,  σ²_k = (WᵀΣW)_kk,  y = γ (pool(x) · W − μ) / √(σ² + ε) + β
 *
 * So do the gradients. With s = γ/√(σ² + ε), P positions and images, p = pool(x) and A = pᵀ·dy:
 *
 *   dβ = Σ dy,  dγ_k = ((WᵀA)_kk − μ_k dβ_k) / √(σ²_k + ε),  t = s·dγ/√(σ² + ε)
 *   dW = s·(A − m dβᵀ) − t·(ΣW),  dx = unpool(dy · (s·W)ᵀ) − (W·(s dβ)) / P − (x − m)·W diag(t) Wᵀ / P
 *
 * For K = 2C and windows of 2×2 that takes 3.5 C² multiply-adds a position of x instead of 12 C².
 *
 * @param x position-major [H, W, N, C]
 * @param window side and stride of the pooling, which divides H and W
 * @returns [H / window, W / window, N, K]
 * @throws InputError for a filter that is not 1×1, or sizes that the window does not divide
 */
export function convNormPool(x: Tensor4D, operands: ConvNormPoolOperands, window: number): Tensor4D {
  const { filter, affine, epsilon, running } = operands;
  checkConvolution('convNormPool', x, filter, unit);
  const [h, w, n, c] = x.shape;
  if (filter.shape[0] !== 1 || filter.shape[1] !== 1 || h % window !== 0 || w % window !== 0) {
    throw new InputError(
      `convNormPool needs a 1×1 filter and a window that divides the input, got the filter [${filter.shape.join(', ')}], the window ${window} and the input [${x.shape.join(', ')}].`,
    );
  }
  const geometry = { window, stride: window, pad: 0, countPadding: false };
  const weights = filter.shape[3];
  const positions = h * w * n;
  const asMatrix = (t: Tensor): Tensor2D => reshape(t, [c, weights]);
  const asFilter = (t: Tensor, outputs: number): Tensor4D => reshape(t, [1, 1, c, outputs]);
  return differentiable<Tensor4D>([x, filter, affine.gamma, affine.beta], () => {
    const matrix = asMatrix(filter);
    const mean = operands.mean ?? (statisticsKernel({ x }, { momentum: 0 })[0] as Tensor1D);
    const pooled = averageKernel({ x }, geometry);
    const spread = matMul(covarianceOf(x, mean, positions), matrix);
    const statistics: ChannelStatistics = {
      mean: reshape(matMul(asRow(mean), matrix), [weights]),
      // Rounding may take a variance of 0 below it.
      variance: relu(columnSums(mul(matrix, spread))),
    };
    if (running) moveRunning(running, statistics, positions);
    const convolved = convForward({ x: pooled, w: filter }, unit);
    return {
      value: normKernel({ x: convolved, ...statistics, ...affine }, { epsilon }) as Tensor4D,
      saved: [x, pooled, filter, affine.gamma, mean, spread, statistics.mean, statistics.variance],
      gradients: (dy, [input, p, f, gamma, m, covered, mu, sigma2]) => {
        const inverse = rsqrt(add(sigma2, epsilon));
        const s = mul(gamma, inverse);
        const kernel = asMatrix(f);
        const products = asMatrix(convBackwardFilter({ x: p, dy }, { ...unit, size: [1, 1] }));
        const dbeta = mul(statisticsKernel({ x: dy }, { momentum: 0 })[0], dy.size / weights);
        const dgamma = mul(sub(columnSums(mul(kernel, products)), mul(mu, dbeta)), inverse);
        const t = mul(s, mul(dgamma, inverse));
        const centred = sub(products, matMul(reshape(m, [c, 1]), asRow(dbeta)));
        const dw = sub(mul(centred, s), mul(covered, t));
        // dx = unpool(dy · (sW)ᵀ + level) − x · tilt
        const tilt = matMul(mul(kernel, mul(t, 1 / positions)), kernel, false, true);
        const pull = matMul(asRow(mul(s, mul(dbeta, 1 / positions))), kernel, false, true);
        const level = mul(sub(matMul(asRow(m), tilt), pull), window * window);
        const ofPooled = convBackwardInput(
          { dy, w: asFilter(mul(kernel, s), weights) },
          { ...unit, size: [p.shape[0], p.shape[1]!] },
        );
        const raised = add(ofPooled, reshape(level, [c]));
        const addend = convForward({ x: input, w: asFilter(neg(tilt), c) }, unit);
        const dx = averageGradKernel({ dy: raised, addend }, { ...geometry, size: [h, w] });
        return [dx, asFilter(dw, weights), dgamma, dbeta];
      },
    };
  });
}

const asRow = (v: Tensor): Tensor2D => reshape(v, [1, v.size]);

/** The sums of the columns of a matrix, as a product: a sum over the first axis would turn it over first. */
function columnSums(matrix: Tensor): Tensor1D {
  const [rows, columns] = matrix.shape as [number, number];
  return reshape(matMul(ones<Rank.R2>([1, rows]), matrix as Tensor2D), [columns]);
}

/** E[(x − m)(x − m)ᵀ] over positions and images, [C, C]. */
function covarianceOf(x: Tensor4D, mean: Tensor1D, positions: number): Tensor2D {
  const c = mean.size;
  const products = reshape(convBackwardFilter({ x, dy: x }, { ...unit, size: [1, 1] }), [c, c]);
  return sub(mul(products, 1 / positions), matMul(reshape(mean, [c, 1]), asRow(mean)));
}

function moveRunning(running: RunningStatistics, statistics: ChannelStatistics, rows: number): void {
  const moved = updatedStatistics(running, statistics, running.momentum, rows);
  running.mean.assign(moved.mean);
  running.variance.assign(moved.variance);
}
