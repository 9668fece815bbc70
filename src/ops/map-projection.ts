import {
  add,
  matMul,
  mean as meanOf,
  mul,
  type Rank,
  reshape,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import type { NormAttributes } from '../backends/kernel-contracts/normalisation.js';
import { InputError } from '../errors.js';
import { normGradKernel } from './batch-norm.js';
import { differentiableParts } from './differentiable.js';
import { composedKernel } from './kernel.js';
import { checkedNormalisation, type Normalisation, seen } from './normalisation.js';
import { shapeText } from './shape-text.js';

/** The means over the positions of a map, [N, C], and its 1×1 convolution, [H, W, N, K]. */
export interface MapProjection {
  readonly mean: Tensor2D;
  readonly map: Tensor4D;
}

const rowsOf = (x: Tensor): Tensor2D => reshape<Rank.R2>(x, [-1, x.shape[x.rank - 1]]);

/** Outputs: the means of the (normalised) map, those of x, and the convolution. */
const projectionKernel = composedKernel<NormAttributes, Tensor[]>(
  'MapProjection',
  ({ w, ...inputs }, { epsilon }) => {
    const v = seen(inputs, epsilon);
    const map = reshape(matMul(rowsOf(v), rowsOf(w)), [...v.shape.slice(0, 3), w.shape[3]!]);
    return [meanOf(v, [0, 1]), meanOf(inputs['x'], [0, 1]), map];
  },
);

/** Outputs: the gradients to x, to w and, with a BatchNorm, to γ and β. */
const projectionGradKernel = composedKernel<NormAttributes, Tensor[]>(
  'MapProjectionGrad',
  ({ dMean, dMap, w, x, mean, variance, gamma, beta }, { epsilon }) => {
    const v = seen(gamma ? { x, mean, variance, gamma, beta } : { x }, epsilon);
    const [h, width] = (x as Tensor4D).shape;
    const dw = reshape(matMul(rowsOf(v), rowsOf(dMap), true), w.shape);
    const byMap = reshape(matMul(rowsOf(dMap), rowsOf(w), false, true), x.shape);
    const dv = add(byMap, mul(dMean, 1 / (h * width)));
    if (!gamma) return [dv, dw];
    const [dx, ...learned] = normGradKernel(
      { dy: dv, x, mean, variance, gamma },
      { epsilon, inPlace: false },
    );
    return [dx, dw, ...learned];
  },
);

/**
 * The means over the positions and a 1×1 convolution to few channels of v = x, or of v = BatchNorm(x),
 * without making v:
 *
 *   mean[n, c] = mean over p of v[p, n, c],  map[p, n, k] = Σ_c v[p, n, c] · w[c, k]
 *
 * differentiated through the statistics of the batch, as `batchNormTraining` is.
 *
 * @param x position-major [H, W, N, C]
 * @param w filter [1, 1, C, K]
 * @param norm default none
 * @throws InputError for shapes that do not fit
 */
export function mapProjection(x: Tensor4D, w: Tensor4D, norm?: Normalisation): MapProjection {
  const channels = x.shape[x.rank - 1];
  if (x.rank !== 4 || w.rank !== 4 || w.shape.slice(0, 3).join() !== [1, 1, channels].join())
    throw new InputError(
      `mapProjection: a map ${shapeText(x)} takes a filter [1, 1, ${channels}, K], got ${shapeText(w)}.`,
    );
  const { parameters, learned, epsilon } = checkedNormalisation('mapProjection', x, norm);
  const [mean, map] = differentiableParts([x, w, ...learned], () => {
    const [ofMap, ofInput, projected] = projectionKernel({ x, w, ...parameters }, { epsilon });
    const { mean: mu, variance, gamma, beta } = parameters;
    return {
      values: [ofMap, projected],
      saved: [x, w, ofInput, ...(mu && variance && gamma && beta ? [mu, variance, gamma, beta] : [])],
      gradients: ([dMean, dMap], [input, filter, ofX, m, s, g, b]) => {
        const through = g ? { mean: m, variance: s, gamma: g, beta: b } : {};
        return projectionGradKernel(
          { dMean, dMap, x: input, w: filter, ofInput: ofX, ...through },
          { epsilon },
        );
      },
    };
  });
  return { mean: mean as Tensor2D, map: map as Tensor4D };
}
