import { add, type Tensor } from '@tensorflow/tfjs-core';
import type { NormAttributes } from '../backends/kernel-contracts/normalisation.js';
import {
  type AffineParameters,
  checkChannels,
  normalised,
  normGradients,
  normGradKernel,
} from './batch-norm.js';
import { checkResidual } from './batch-norm-activation.js';
import type { ChannelStatistics } from './channel-statistics.js';
import type { BackwardContext } from './backward-context.js';
import { differentiable } from './differentiable.js';
import { composedKernel, type KernelInputs, untaped } from './kernel.js';
import { shiftedPreluGradKernel, shiftedPreluOf, type ShiftedPreluParameters } from './shifted-prelu.js';

/** BatchNorm(x) + residual, or BatchNorm(x). */
function residualSum(inputs: KernelInputs, epsilon: number): Tensor {
  const norm = normalised(inputs, epsilon);
  return inputs['residual'] ? add(norm, inputs['residual']) : norm;
}

/**
 * See {@link batchNormResidual}. The residual may be missing, and so may before, slope and after together.
 */
const normResidualKernel = composedKernel<NormAttributes, Tensor>(
  'BatchNormResidual',
  ({ before, slope, after, ...norm }, { epsilon }) => {
    const v = residualSum(norm, epsilon);
    return slope ? shiftedPreluOf(v, { before, slope, after }) : v;
  },
);

/**
 * The gradient where there is a PReLU. Outputs: dx, dγ, dβ (which is that of before too), dslope, dafter and,
 * with a residual, the gradient to it. With `inPlace` the last may take the memory of dy, or dx where there
 * is no residual.
 */
const normResidualGradKernel = composedKernel<NormAttributes & { readonly inPlace: boolean }, Tensor[]>(
  'BatchNormResidualGrad',
  ({ dy, before, slope, ...norm }, { epsilon }) => {
    const v = residualSum(norm, epsilon);
    const [upstream, , dslope, dafter] = shiftedPreluGradKernel(
      { dy, x: v, before, slope },
      { inPlace: false },
    );
    const { x, mean, variance, gamma, residual } = norm;
    const gradients = normGradKernel({ dy: upstream, x, mean, variance, gamma }, { epsilon, inPlace: false });
    return [...gradients, dslope, dafter, ...(residual ? [upstream] : [])];
  },
);

/** Settings of {@link batchNormResidual}. */
export interface NormResidualOptions {
  /** The shortcut of a block, of the shape of x; default none. */
  readonly residual?: Tensor | undefined;
  /** Default none. */
  readonly prelu?: ShiftedPreluParameters | undefined;
  /** Default 1e-5. */
  readonly epsilon?: number;
}

/**
 * The end of a block whose BatchNorm comes before the sum with its shortcut, with the statistics of the
 * batch, as one operation:
 *
 *   v = γ (x − μ) / √(σ² + ε) + β + residual
 *   y = PReLU(v + before) + after,  or  y = v without a PReLU
 *
 * with a PReLU as in ReActNet (Liu et al. 2020), without one as in Bi-Real Net (Liu et al. 2018). On the
 * native backend v is never in memory: the gradient makes it again from x and the residual.
 *
 * @param x [..., C]
 * @throws InputError when a shape does not fit
 */
export function batchNormResidual<T extends Tensor>(
  x: T,
  affine: AffineParameters,
  statistics: ChannelStatistics,
  options: NormResidualOptions,
): T {
  const { residual, prelu, epsilon = 1e-5 } = options;
  const { mean, variance } = statistics;
  const { gamma, beta } = affine;
  const operands = checkedOperands('batchNormResidual', { x, mean, variance, gamma, beta }, options);
  const added = residual ? [residual] : [];
  if (!prelu)
    return differentiable<T>([x, gamma, beta, ...added], () => ({
      value: normResidualKernel(operands, { epsilon }) as T,
      saved: [x, mean, variance, gamma],
      gradients: (dy, saved, ctx) => {
        // Cloned first: a kernel does not overwrite dy while another tensor shares its memory.
        const ofResidual = added.map(() => dy.clone());
        return [...normGradients(dy, saved, epsilon, ctx), ...ofResidual];
      },
    }));
  const { before, slope, after } = prelu;
  return differentiable<T>([x, gamma, beta, before, slope, after, ...added], () => ({
    value: normResidualKernel(operands, { epsilon }) as T,
    saved: [x, mean, variance, gamma, beta, before, slope, ...added],
    gradients: (dy, saved, ctx) => preluGradients(dy, saved, epsilon, ctx),
  }));
}

/**
 * The same with given (running) statistics, for evaluation. It has no gradient. See {@link
 * batchNormResidual}.
 */
export function batchNormResidualInference<T extends Tensor>(
  x: T,
  { gamma, beta }: AffineParameters,
  { mean, variance }: ChannelStatistics,
  options: NormResidualOptions,
): T {
  const { epsilon = 1e-5 } = options;
  const operands = checkedOperands('batchNormResidualInference', { x, mean, variance, gamma, beta }, options);
  return untaped(() => normResidualKernel(operands, { epsilon })) as T;
}

/** The gradients to x, γ, β, before, slope, after and, if one was saved, the residual. */
function preluGradients(dy: Tensor, saved: Tensor[], epsilon: number, ctx: BackwardContext): Tensor[] {
  const [x, mean, variance, gamma, beta, before, slope, ...added] = saved;
  const residual = added.length > 0 ? { residual: added[0] } : {};
  const operands = { dy, x, mean, variance, gamma, beta, before, slope, ...residual };
  const [dx, dgamma, dbeta, dslope, dafter, ...ofResidual] = normResidualGradKernel(operands, {
    epsilon,
    inPlace: ctx.mayOverwrite(dy),
  });
  return [dx, dgamma, dbeta, dbeta.clone(), dslope, dafter, ...ofResidual];
}

/** What the kernel takes, after its shapes are checked. */
function checkedOperands(
  name: string,
  { x, ...norm }: Record<'x' | 'mean' | 'variance' | 'gamma' | 'beta', Tensor>,
  { residual, prelu }: NormResidualOptions,
): KernelInputs {
  checkChannels(name, x, norm);
  checkResidual(name, x, residual);
  if (!prelu) return { x, ...norm, ...(residual ? { residual } : {}) };
  const { before, slope, after } = prelu;
  checkChannels(name, x, { before, slope, after });
  return { x, ...norm, ...(residual ? { residual } : {}), before, slope, after };
}
