import {
  abs,
  add,
  clipByValue,
  greater,
  lessEqual,
  minimum,
  mul,
  rsqrt,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  cast,
  greaterEqual,
  scalar,
  where,
} from '@tensorflow/tfjs-core';
import type { NormAttributes } from '../backends/kernel-contracts/normalisation.js';
import { InputError } from '../errors.js';
import { allButLast, type ChannelStatistics } from './channel-statistics.js';
import type { BackwardContext } from './backward-context.js';
import { differentiable } from './differentiable.js';
import { composedKernel, untaped } from './kernel.js';
import { preluOf } from './prelu.js';
import { shapeText } from './shape-text.js';

/** γ and β of a BatchNorm, [C]. */
export interface AffineParameters {
  readonly gamma: Tensor1D;
  readonly beta: Tensor1D;
}

/** The BatchNorm of x, or of prelu(x) with a slope, by stock operations. */
export function normalised(inputs: Record<string, Tensor>, epsilon: number): Tensor {
  const { x, slope, mean, variance, gamma, beta } = inputs;
  const scale = mul(gamma, rsqrt(add(variance, epsilon)));
  return add(mul(preluOf(x, slope), scale), sub(beta, mul(mean, scale)));
}

export const normKernel = composedKernel<NormAttributes, Tensor>('BatchNorm', (inputs, { epsilon }) =>
  normalised(inputs, epsilon),
);

/**
 * Outputs: the signs and, on request, the mask of the straight-through estimator as ±1 (+1 where |v| ≤ 1).
 * With a slope the input is prelu(x).
 */
export const normSignKernel = composedKernel<NormAttributes & { withMask: boolean }, Tensor[]>(
  'BatchNormSign',
  (inputs, { epsilon, withMask }) => {
    const v = normalised(inputs, epsilon);
    return withMask
      ? [plusMinus(greaterEqual(v, 0)), plusMinus(lessEqual(abs(v), 1))]
      : [plusMinus(greaterEqual(v, 0))];
  },
);

/** Outputs: v clamped to [−1, 1] and, on request, the mask that {@link normSignKernel} gives. */
const normClampKernel = composedKernel<NormAttributes & { withMask: boolean }, Tensor[]>(
  'BatchNormClamp',
  (inputs, { epsilon, withMask }) => {
    const v = normalised(inputs, epsilon);
    const clamped = clipByValue(v, -1, 1);
    return withMask ? [clamped, plusMinus(lessEqual(abs(v), 1))] : [clamped];
  },
);

/** A condition as ±1. */
export const plusMinus = (condition: Tensor): Tensor => sub(mul(cast(condition, 'float32'), 2), scalar(1));

/**
 * The gradient of BatchNorm in training. Inputs: dy, x, mean, variance, gamma; after a sign or clamp, the
 * mask; an `addend`, which is added to dx; and the `slope` of a PReLU through which x went first. Outputs:
 * dx, dγ, dβ and, with a slope, that of the slope. With `inPlace` dx may take the memory of dy.
 */
export const normGradKernel = composedKernel<NormAttributes & { readonly inPlace: boolean }, Tensor[]>(
  'BatchNormGrad',
  ({ dy, x: input, slope, mean, variance, gamma, mask, addend }, { epsilon }) => {
    const x = preluOf(input, slope);
    const upstream = mask ? mul(dy, mul(add(mask, 1), 0.5)) : dy;
    const inverse = rsqrt(add(variance, epsilon));
    const centred = mul(sub(x, mean), inverse);
    const rows = x.size / x.shape[x.rank - 1];
    const dbeta = sum(upstream, allButLast(x));
    const dgamma = sum(mul(upstream, centred), allButLast(x));
    const centredDy = sub(sub(upstream, mul(dbeta, 1 / rows)), mul(centred, mul(dgamma, 1 / rows)));
    const ofNorm = mul(centredDy, mul(gamma, inverse));
    const dx = addend ? add(ofNorm, addend) : ofNorm;
    if (!slope) return [dx, dgamma, dbeta];
    const dslope = sum(mul(dx, minimum(input, 0)), allButLast(x));
    return [where(greater(input, 0), dx, mul(dx, slope)), dgamma, dbeta, dslope];
  },
);

/**
 * Refuses parameters that do not have the shape [C] of the channels of x.
 *
 * @throws InputError naming the first
 */
export function checkChannels(name: string, x: Tensor, parameters: Readonly<Record<string, Tensor>>): void {
  const channels = x.shape[x.rank - 1];
  for (const [key, tensor] of Object.entries(parameters)) {
    if (tensor.rank !== 1 || tensor.shape[0] !== channels) {
      throw new InputError(
        `${name}: ${key} must have the shape [${channels}] of the channels of x, got ${shapeText(tensor)}.`,
      );
    }
  }
}

/**
 * BatchNorm with the statistics of the batch: y = γ (x − μ) / √(σ² + ε) + β, differentiated through μ and σ²
 * (Ioffe and Szegedy 2015).
 *
 * @param x [..., C], any layout with channels last
 * @param statistics what {@link channelStatistics} gave for this x
 * @param epsilon default 1e-5
 * @throws InputError when a parameter's shape is not [C]
 */
export function batchNormTraining<T extends Tensor>(
  x: T,
  { gamma, beta }: AffineParameters,
  { mean, variance }: ChannelStatistics,
  epsilon = 1e-5,
): T {
  checkChannels('batchNormTraining', x, { gamma, beta, mean, variance });
  return differentiable<T>([x, gamma, beta], () => ({
    value: normKernel({ x, mean, variance, gamma, beta }, { epsilon }) as T,
    saved: [x, mean, variance, gamma],
    gradients: (dy, saved, ctx) => normGradients(dy, saved, epsilon, ctx),
  }));
}

/**
 * sign(BatchNorm(x)) with the statistics of the batch, as one operation: s = +1 where v = γ (x − μ) / √(σ² +
 * ε) + β ≥ 0, else −1. The gradient passes the straight-through estimator, ds/dv = 1 where |v| ≤ 1 and 0
 * elsewhere, then BatchNorm. On the native backend s and the mask are stored as one bit for each element, and
 * no float copy of v is made.
 *
 * @param x [..., C]
 * @param epsilon default 1e-5
 * @throws InputError when a parameter's shape is not [C]
 */
export function batchNormSign<T extends Tensor>(
  x: T,
  affine: AffineParameters,
  statistics: ChannelStatistics,
  epsilon = 1e-5,
): T {
  return maskedNorm('batchNormSign', normSignKernel, x, { ...affine, ...statistics }, epsilon);
}

/**
 * hardClamp(BatchNorm(x)) with the statistics of the batch, as one operation: y = max(−1, min(1, v)), v = γ
 * (x − μ) / √(σ² + ε) + β. The gradient is that of {@link batchNormSign}: dy/dv = 1 where |v| ≤ 1 and 0
 * elsewhere, then BatchNorm. On the native backend the mask is stored as one bit for each element, and no
 * unclamped copy of v is made.
 *
 * @param x [..., C]
 * @param epsilon default 1e-5
 * @throws InputError when a parameter's shape is not [C]
 */
export function batchNormClamp<T extends Tensor>(
  x: T,
  affine: AffineParameters,
  statistics: ChannelStatistics,
  epsilon = 1e-5,
): T {
  return maskedNorm('batchNormClamp', normClampKernel, x, { ...affine, ...statistics }, epsilon);
}

type Masked = typeof normSignKernel;
type NormParameters = AffineParameters & ChannelStatistics;

/** A BatchNorm that ends in a sign or clamp. Its gradient passes where the mask of its kernel is set. */
function maskedNorm<T extends Tensor>(
  name: string,
  kernel: Masked,
  x: T,
  { gamma, beta, mean, variance }: NormParameters,
  epsilon: number,
): T {
  checkChannels(name, x, { gamma, beta, mean, variance });
  return differentiable<T>([x, gamma, beta], () => {
    const [value, mask] = kernel({ x, mean, variance, gamma, beta }, { epsilon, withMask: true });
    return {
      value: value as T,
      saved: [x, mean, variance, gamma, mask],
      gradients: (dy, saved, ctx) => normGradients(dy, saved, epsilon, ctx),
    };
  });
}

/** The same with given statistics, without a gradient. */
function maskedInference<T extends Tensor>(
  name: string,
  kernel: Masked,
  x: T,
  { gamma, beta, mean, variance }: NormParameters,
  epsilon: number,
): T {
  checkChannels(name, x, { gamma, beta, mean, variance });
  return untaped(() => kernel({ x, mean, variance, gamma, beta }, { epsilon, withMask: false })[0]) as T;
}

/**
 * The gradients to x, γ and β from what an operation saved: x, μ, σ², γ and, after a sign or clamp, the mask.
 */
export function normGradients(dy: Tensor, saved: Tensor[], epsilon: number, ctx: BackwardContext): Tensor[] {
  const [x, mean, variance, gamma, mask] = saved;
  const inputs = { dy, x, mean, variance, gamma };
  return normGradKernel(mask ? { ...inputs, mask } : inputs, { epsilon, inPlace: ctx.mayOverwrite(dy) });
}

/**
 * BatchNorm with given (running) statistics, for evaluation. It has no gradient. See {@link
 * batchNormTraining}.
 */
export function batchNormInference<T extends Tensor>(
  x: T,
  { gamma, beta }: AffineParameters,
  { mean, variance }: ChannelStatistics,
  epsilon = 1e-5,
): T {
  checkChannels('batchNormInference', x, { gamma, beta, mean, variance });
  return untaped(() => normKernel({ x, mean, variance, gamma, beta }, { epsilon })) as T;
}

/**
 * The same with given (running) statistics, for evaluation. It has no gradient. See {@link batchNormSign}.
 */
export function batchNormSignInference<T extends Tensor>(
  x: T,
  affine: AffineParameters,
  statistics: ChannelStatistics,
  epsilon = 1e-5,
): T {
  return maskedInference('batchNormSignInference', normSignKernel, x, { ...affine, ...statistics }, epsilon);
}

/**
 * The same with given (running) statistics, for evaluation. It has no gradient. See {@link batchNormClamp}.
 */
export function batchNormClampInference<T extends Tensor>(
  x: T,
  affine: AffineParameters,
  statistics: ChannelStatistics,
  epsilon = 1e-5,
): T {
  return maskedInference(
    'batchNormClampInference',
    normClampKernel,
    x,
    { ...affine, ...statistics },
    epsilon,
  );
}
