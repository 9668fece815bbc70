import { add, mul, reshape, type Tensor, type Tensor1D, type Tensor4D } from '@tensorflow/tfjs-core';
import { InputError } from '../errors.js';
import { type AffineParameters, normKernel } from './batch-norm.js';
import { type RunningStatistics, statisticsKernel } from './channel-statistics.js';
import { checkConvolution, convBackwardFilter, convBackwardInput, convForward } from './conv2d.js';
import { differentiable } from './differentiable.js';
import { averageGradKernel, averageKernel } from './pooling.js';
import { projectedGradientsKernel, projectedStatisticsKernel } from './projection.js';
import { shapeText } from './shape-text.js';

/** The operands of a {@link convNormPool} beside its input. */
export interface ConvNormPoolOperands {
  /** Filter [1, 1, C, K]. */
  readonly filter: Tensor4D;
  /** γ and β, [K]. */
  readonly affine: AffineParameters;
  readonly epsilon: number;
  /** The mean of each channel of x, [C], if it is known; otherwise it is measured. */
  readonly mean?: Tensor1D | undefined;
  /** Running statistics that are moved towards those of the convolution's output. */
  readonly running?: RunningStatistics | undefined;
}

const unit = { stride: 1, pad: 0 } as const;

/**
 * A 1×1 convolution → BatchNorm with the statistics of the batch → average pooling of whole windows, as one
 * operation:
 *
 *   c = x · W,  y = mean over the window of γ (c − μ) / √(σ² + ε) + β
 *
 * Value and gradients equal those of the composition to float rounding, but c, with K channels at each
 * position of x, is never made. Convolution and pooling commute, and what BatchNorm needs of c follows from
 * the mean m of x and its covariance Σ = E[(x − m)(x − m)ᵀ]:
 *
 *   μ = Wᵀm,  σ²_k = (WᵀΣW)_kk,  y = γ (pool(x) · W − μ) / √(σ² + ε) + β
 *
 * So do the gradients. With s = γ/√(σ² + ε), P positions and images, p = pool(x) and A = pᵀ·dy:
 *
 *   dβ = Σ dy,  dγ_k = ((WᵀA)_kk − μ_k dβ_k) / √(σ²_k + ε),  t = s·dγ/√(σ² + ε)
 *   dW = s·(A − m dβᵀ) − t·(ΣW),  dx = unpool(dy · (s·W)ᵀ) − (W·(s dβ)) / P − (x − m)·W diag(t) Wᵀ / P
 *
 * For K = 2C and windows of 2×2 this takes 3.5 C² multiply-adds for each position of x instead of 12 C².
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
      `convNormPool needs a 1×1 filter and a window that divides the input, got the filter ${shapeText(filter)}, the window ${window} and the input ${shapeText(x)}.`,
    );
  }
  const geometry = { window, stride: window, pad: 0, countPadding: false };
  const outputs = filter.shape[3];
  const rows = h * w * n;
  const asMatrix = (t: Tensor): Tensor => reshape(t, [c, t.size / c]);
  const asFilter = (t: Tensor): Tensor4D => reshape(t, [1, 1, c, t.size / c]);
  return differentiable<Tensor4D>([x, filter, affine.gamma, affine.beta], () => {
    const matrix = asMatrix(filter);
    const m = operands.mean ?? (statisticsKernel({ x }, { momentum: 0 })[0] as Tensor1D);
    const pooled = averageKernel({ x }, geometry);
    const products = asMatrix(convBackwardFilter({ x, dy: x }, { ...unit, size: [1, 1] }));
    const moved = running ? { runningMean: running.mean, runningVariance: running.variance } : {};
    const [covered, mean, variance] = projectedStatisticsKernel(
      { products, mean: m, w: matrix, ...moved },
      { rows, momentum: running?.momentum ?? 0 },
    );
    const convolved = convForward({ x: pooled, w: filter }, unit);
    return {
      value: normKernel({ x: convolved, mean, variance, ...affine }, { epsilon }) as Tensor4D,
      saved: [x, pooled, matrix, affine.gamma, m, covered, mean, variance],
      gradients: (dy, [input, p, kernel, gamma, meanOfX, coveredFilter, outputMean, outputVariance]) => {
        const dbeta = mul(statisticsKernel({ x: dy }, { momentum: 0 })[0], dy.size / outputs);
        const [dw, dgamma, pull, tilt, level] = projectedGradientsKernel(
          {
            products: asMatrix(convBackwardFilter({ x: p, dy }, { ...unit, size: [1, 1] })),
            dbeta,
            mean: meanOfX,
            w: kernel,
            gamma,
            covered: coveredFilter,
            outputMean,
            outputVariance,
          },
          { rows, epsilon, positions: window * window },
        );
        const ofPooled = convBackwardInput(
          { dy, w: asFilter(pull) },
          { ...unit, size: [p.shape[0], p.shape[1]!] },
        );
        const raised = add(ofPooled, level);
        const addend = convForward({ x: input, w: asFilter(tilt) }, unit);
        const dx = averageGradKernel({ dy: raised, addend }, { ...geometry, size: [h, w] });
        return [dx, asFilter(dw), dgamma, dbeta];
      },
    };
  });
}
