import {
  add,
  argMax,
  cast,
  concat,
  equal,
  expandDims,
  max,
  mean as meanOf,
  mul,
  range,
  type Rank,
  reshape,
  slice,
  stack,
  sum,
  type Tensor,
  type Tensor3D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import type { MapPoolsAttributes } from '../backends/kernel-contracts/attention.js';
import type { NormAttributes } from '../backends/kernel-contracts/normalisation.js';
import { InputError } from '../errors.js';
import { normGradKernel } from './batch-norm.js';
import { differentiableParts } from './differentiable.js';
import { composedKernel } from './kernel.js';
import { checkedNormalisation, type Normalisation, seen } from './normalisation.js';

/** Poolings of a map [H, W, N, C] over its positions and over its channels. */
export interface MapPools {
  /** [2, N, C]: the mean and the maximum of each channel. */
  readonly ofPositions: Tensor3D;
  /** [H, W, N, 2]: the maximum and the mean of each position. */
  readonly ofChannels: Tensor4D;
}

/**
 * 1 at the places that `places` give along a new axis of this length, 0 elsewhere. The axis is the first or,
 * with −1, the last.
 */
function pointedTo(places: Tensor, length: number, axis: 0 | -1): Tensor {
  const along = range(0, length);
  const at = axis === 0 ? reshape(along, [length, ...places.shape.map(() => 1)]) : along;
  return cast(equal(expandDims(places, axis), at), 'float32');
}

/**
 * Outputs: the poolings of the (normalised) map over positions, [2, N, C]; the mean of x, and x where the map
 * has its maximum, [2, N, C]; the position of the maximum, [N, C], as a float. With channels also the
 * poolings over them, [H, W, N, 2], and the channel of the maximum, [H, W, N], as a float. Of equal maxima
 * the first counts.
 */
const poolsKernel = composedKernel<MapPoolsAttributes, Tensor[]>(
  'MapPools',
  ({ x, ...norm }, { epsilon, withChannels }) => {
    const [h, w, n, c] = (x as Tensor4D).shape;
    const v = seen({ x, ...norm }, epsilon);
    const [raw, rows] = [x, v].map((map) => reshape<Rank.R3>(map, [h * w, n, c]));
    const place = cast(argMax(rows, 0), 'float32');
    const ofPositions = stack([meanOf(rows, 0), max(rows, 0)]);
    const ofInput = stack([meanOf(raw, 0), sum(mul(raw, pointedTo(place, h * w, 0)), 0)]);
    if (!withChannels) return [ofPositions, ofInput, place];
    const ofChannels = concat([max(v, 3, true), meanOf(v, 3, true)], 3);
    return [ofPositions, ofInput, place, ofChannels, cast(argMax(v, 3), 'float32')];
  },
);

/** Outputs: the gradient to x and, with a BatchNorm, those to γ and β. */
const poolsGradKernel = composedKernel<NormAttributes, Tensor[]>(
  'MapPoolsGrad',
  ({ dPositions, dChannels, x, place, channel, mean, variance, gamma }, { epsilon }) => {
    const [h, w, n, c] = (x as Tensor4D).shape;
    const [dMean, dGreatest] = [0, 1].map((i) => slice(dPositions, i, 1));
    const pulled = mul(dGreatest, pointedTo(place, h * w, 0));
    const byPositions = reshape(add(mul(dMean, 1 / (h * w)), pulled), [h, w, n, c]);
    const dv = dChannels ? add(byPositions, ofChannelsGradient(dChannels, channel, c)) : byPositions;
    if (!gamma) return [dv];
    return normGradKernel({ dy: dv, x, mean, variance, gamma }, { epsilon, inPlace: false });
  },
);

/** The gradient [H, W, N, C] that comes from the poolings over C channels. */
function ofChannelsGradient(dChannels: Tensor, channel: Tensor, channels: number): Tensor {
  const [dGreatest, dMean] = [0, 1].map((i) => slice(dChannels, [0, 0, 0, i], [-1, -1, -1, 1]));
  return add(mul(dGreatest, pointedTo(channel, channels, -1)), mul(dMean, 1 / channels));
}

function pools(x: Tensor4D, norm: Normalisation | undefined, withChannels: boolean): Tensor[] {
  if (x.rank !== 4) throw new InputError(`poolings of a map need a tensor of rank 4, got rank ${x.rank}.`);
  const { parameters, learned, epsilon } = checkedNormalisation('poolings of a normalised map', x, norm);
  const { mean, variance, gamma } = parameters;
  return differentiableParts([x, ...learned], () => {
    const [ofPositions, ofInput, place, ofChannels, channel] = poolsKernel(
      { x, ...parameters },
      { epsilon, withChannels },
    );
    return {
      values: withChannels ? [ofPositions, ofChannels] : [ofPositions],
      saved: [
        ...[x, ofInput, place],
        ...(withChannels ? [channel] : []),
        ...(mean && variance && gamma ? [mean, variance, gamma] : []),
      ],
      gradients: ([dPositions, dChannels], [input, raw, at, ...others]) => {
        const by = withChannels ? { dChannels, channel: others[0] } : {};
        const [mu, sigma2, factor] = others.slice(withChannels ? 1 : 0);
        const through = factor ? { mean: mu, variance: sigma2, gamma: factor } : {};
        return poolsGradKernel(
          { dPositions, x: input, ofInput: raw, place: at, ...by, ...through },
          { epsilon },
        );
      },
    };
  });
}

/**
 * The mean and the maximum over the positions of v = x, or of v = BatchNorm(x), without making v:
 *
 *   y[0, n, c] = mean over p of v[p, n, c],  y[1, n, c] = max over p of v[p, n, c]
 *
 * differentiated through the statistics of the batch, as `batchNormTraining` is. The gradient to a maximum
 * goes to the first of equal ones.
 *
 * @param x position-major [H, W, N, C]
 * @param norm default none
 * @returns [2, N, C]
 * @throws InputError when a parameter's shape is not [C]
 */
export function positionPools(x: Tensor4D, norm?: Normalisation): Tensor3D {
  return pools(x, norm, false)[0] as Tensor3D;
}

/**
 * {@link positionPools} and, in the same pass, the maximum and the mean over the channels:
 *
 *   y[h, w, n, 0] = max over c of v[h, w, n, c],  y[h, w, n, 1] = mean over c of v[h, w, n, c]
 */
export function mapPools(x: Tensor4D, norm?: Normalisation): MapPools {
  const [ofPositions, ofChannels] = pools(x, norm, true);
  return { ofPositions: ofPositions as Tensor3D, ofChannels: ofChannels as Tensor4D };
}
