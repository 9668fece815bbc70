import { abs, add, greater, lessEqual, mul, relu, type Tensor } from '@tensorflow/tfjs-core';
import {
  type Activation,
  type ActivationAttributes,
  type ActivationGradAttributes,
  activationNames,
  outerSlopes,
} from '../backends/kernel-contracts/normalisation.js';
import { InputError } from '../errors.js';
import { checkedName } from '../unknown-name.js';
import { hardClamp, leakyClip } from './activations.js';
import { type AffineParameters, checkChannels, normalised, normGradKernel, plusMinus } from './batch-norm.js';
import type { ChannelStatistics } from './channel-statistics.js';
import { differentiable } from './differentiable.js';
import { composedKernel, untaped } from './kernel.js';
import { shapeText } from './shape-text.js';

export { type Activation, activationNames, outerSlopes };

/**
 * The value as an {@link Activation}.
 *
 * @throws InputError for any other text, naming it
 */
export function checkedActivation(value: string): Activation {
  return checkedName('the activation is', value, activationNames);
}

const functions: Readonly<Record<Activation, (v: Tensor) => Tensor>> = { relu, leakyClip, hardClamp };

/** Outputs: f(BatchNorm(x) + residual) and, with a mask, ±1 for whether the slope of f is 1. */
const normActivationKernel = composedKernel<ActivationAttributes, Tensor[]>(
  'BatchNormActivation',
  (inputs, { epsilon, activation, withMask }) => {
    const norm = normalised(inputs, epsilon);
    const v = inputs['residual'] ? add(norm, inputs['residual']) : norm;
    const y = functions[activation](v);
    if (!withMask) return [y];
    const inside = activation === 'relu' ? greater(v, 0) : lessEqual(abs(v), 1);
    return [y, plusMinus(inside)];
  },
);

/**
 * Outputs: dx, dγ, dβ and, on request, the gradient to the residual. With `inPlace` one of them may take the
 * memory of dy.
 */
const normActivationGradKernel = composedKernel<ActivationGradAttributes, Tensor[]>(
  'BatchNormActivationGrad',
  ({ dy, mask, ...inputs }, { epsilon, activation, withUpstream }) => {
    const outer = outerSlopes[activation];
    // (mask + 1) / 2 is 1 inside and 0 outside.
    const slope = add(mul(mask, (1 - outer) / 2), (1 + outer) / 2);
    const upstream = mul(dy, slope);
    const gradients = normGradKernel({ dy: upstream, ...inputs }, { epsilon, inPlace: false });
    return withUpstream ? [...gradients, upstream] : gradients;
  },
);

/** Settings of {@link batchNormActivation}. */
export interface NormActivationOptions {
  readonly activation: Activation;
  /** Added before the activation: the shortcut of a residual block, of the shape of x. */
  readonly residual?: Tensor;
  /** Default 1e-5. */
  readonly epsilon?: number;
}

/**
 * BatchNorm with the statistics of the batch, the sum with a residual, and an activation f, as one operation:
 *
 *   y = f(v), v = γ (x − μ) / √(σ² + ε) + β + residual
 *
 *   relu:       f(v) = max(0, v),                                df/dv = 1 where v > 0, else 0
 *   leakyClip:  f(v) = v where |v| ≤ 1, else 0.1v + 0.9sign(v),  df/dv = 1 where |v| ≤ 1, else 0.1
 *   hardClamp:  f(v) = max(−1, min(1, v)),                       df/dv = 1 where |v| ≤ 1, else 0
 *
 * On the native backend one bit for each element is kept for the gradient of f, and no copy of v is made.
 *
 * @param x [..., C]
 * @throws InputError when a shape does not fit
 */
export function batchNormActivation<T extends Tensor>(
  x: T,
  affine: AffineParameters,
  statistics: ChannelStatistics,
  options: NormActivationOptions,
): T {
  const { activation, residual, epsilon = 1e-5 } = options;
  const { gamma, beta } = affine;
  const { mean, variance } = statistics;
  checkChannels('batchNormActivation', x, { gamma, beta, mean, variance });
  checkResidual('batchNormActivation', x, residual);
  const inputs = residual ? [x, gamma, beta, residual] : [x, gamma, beta];
  return differentiable<T>(inputs, () => {
    const operands = { x, mean, variance, gamma, beta, ...(residual ? { residual } : {}) };
    const [value, mask] = normActivationKernel(operands, { epsilon, activation, withMask: true });
    return {
      value: value as T,
      saved: [x, mean, variance, gamma, mask],
      gradients: (dy, [input, mu, sigma2, factor, inside], ctx) =>
        normActivationGradKernel(
          { dy, x: input, mean: mu, variance: sigma2, gamma: factor, mask: inside },
          { epsilon, activation, withUpstream: residual !== undefined, inPlace: ctx.mayOverwrite(dy) },
        ),
    };
  });
}

/**
 * The same with given (running) statistics, for evaluation. It has no gradient. See {@link
 * batchNormActivation}.
 */
export function batchNormActivationInference<T extends Tensor>(
  x: T,
  affine: AffineParameters,
  { mean, variance }: ChannelStatistics,
  { activation, residual, epsilon = 1e-5 }: NormActivationOptions,
): T {
  const { gamma, beta } = affine;
  checkChannels('batchNormActivationInference', x, { gamma, beta, mean, variance });
  checkResidual('batchNormActivationInference', x, residual);
  const operands = { x, mean, variance, gamma, beta, ...(residual ? { residual } : {}) };
  return untaped(() => normActivationKernel(operands, { epsilon, activation, withMask: false })[0]) as T;
}

/** Refuses a residual that does not have the shape of x. */
export function checkResidual(name: string, x: Tensor, residual: Tensor | undefined): void {
  if (residual && residual.shape.join() !== x.shape.join())
    throw new InputError(
      `${name}: the residual must have the shape ${shapeText(x)} of x, got ${shapeText(residual)}.`,
    );
}
