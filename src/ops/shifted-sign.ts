import {
  abs,
  add,
  lessEqual,
  mul,
  sum,
  type Tensor,
  type Tensor1D,
  greaterEqual,
} from '@tensorflow/tfjs-core';
import { plusMinus } from './batch-norm.js';
import { InputError } from '../errors.js';
import { allButLast } from './channel-statistics.js';
import type { BackwardContext } from './backward-context.js';
import { differentiable } from './differentiable.js';
import { composedKernel, untaped } from './kernel.js';
import { type SignSlope, throughSlope } from './sign-slope.js';
import { shapeText } from './shape-text.js';

/** Outputs: the signs of v = x + shift and, on request, the mask of the straight-through estimator as ±1. */
const shiftedSignKernel = composedKernel<{ readonly withMask: boolean }, Tensor[]>(
  'ShiftedSign',
  ({ x, shift }, { withMask }) => {
    const v = add(x, shift);
    return withMask
      ? [plusMinus(greaterEqual(v, 0)), plusMinus(lessEqual(abs(v), 1))]
      : [plusMinus(greaterEqual(v, 0))];
  },
);

/**
 * Outputs: m, which is dy where the mask is +1 and 0 elsewhere, plus the addend if there is one; and the sum
 * of m for each channel. With `inPlace` the first may take the memory of dy.
 */
const maskedGradientKernel = composedKernel<{ readonly inPlace: boolean }, Tensor[]>(
  'MaskedGradient',
  ({ dy, mask, addend }) => {
    const masked = mul(dy, mul(add(mask, 1), 0.5));
    return [addend ? add(masked, addend) : masked, sum(masked, allButLast(masked))];
  },
);

/**
 * The sign of a shifted activation, s = +1 where v = x + shift ≥ 0, else −1. With a learned shift it is the
 * RSign of ReActNet (Liu et al. 2020), whose threshold is −shift; with a shift of 0 it is the sign of Bi-Real
 * Net.
 *
 * ds/dv = 1 where |v| ≤ 1, else 0; or, with a slope, that of `approxSign` or `edeSign`.
 *
 * On the native backend the signs, and the mask where there is no slope, are stored as one bit for each
 * element.
 *
 * @param x [..., C]
 * @param shift [C]
 * @param slope the stand-in for the sign, through which the gradient passes; default the straight-through
 *   estimator
 * @throws InputError when the shift's shape is not [C]
 */
export function shiftedSign<T extends Tensor>(x: T, shift: Tensor1D, slope?: SignSlope): T {
  const channels = x.shape[x.rank - 1];
  if (shift.rank !== 1 || shift.shape[0] !== channels)
    throw new InputError(
      `shiftedSign: the shift must have the shape [${channels}] of the channels of x, got ${shapeText(shift)}.`,
    );
  return differentiable<T>([x, shift], () => {
    const [value, mask] = shiftedSignKernel({ x, shift }, { withMask: slope === undefined });
    return {
      value: value as T,
      saved: slope === undefined ? [mask] : [x, shift],
      gradients: (dy, saved, ctx) => {
        if (slope === undefined) return maskedGradients(dy, saved[0], x, ctx);
        const v = add(saved[0], saved[1]);
        const dx = throughSlope<Tensor>(dy, v, slope, ctx);
        v.dispose();
        return [dx, sum(dx, allButLast(dx))];
      },
    };
  });
}

/** The gradients to x, added to what x has accumulated, and to the shift. */
function maskedGradients(dy: Tensor, mask: Tensor, x: Tensor, ctx: BackwardContext): Tensor[] {
  const accumulated = ctx.takeAccumulated(x);
  const inputs = { dy, mask, ...(accumulated ? { addend: accumulated } : {}) };
  const gradients = maskedGradientKernel(inputs, { inPlace: ctx.mayOverwrite(dy) });
  accumulated?.dispose();
  return gradients;
}

/** The same without a gradient, for evaluation. See {@link shiftedSign}. */
export function shiftedSignInference<T extends Tensor>(x: T, shift: Tensor1D): T {
  return untaped(() => shiftedSignKernel({ x, shift }, { withMask: false })[0]) as T;
}
