import { abs, lessEqual, mul, square, sub, tanh, type Tensor, where, zerosLike } from '@tensorflow/tfjs-core';
import type { BackwardContext } from './backward-context.js';
import { composedKernel } from './kernel.js';

/** Outputs dy · slope(v): with t = 0 that of `approxSign`, with t > 0 that of `edeSign`. */
const slopeKernel = composedKernel<{ readonly t: number; readonly inPlace: boolean }, Tensor>(
  'SignSlope',
  ({ dy, v }, { t }) => {
    // k·t = max(1, t), where k = max(1/t, 1)
    if (t > 0) return mul(dy, mul(sub(1, square(tanh(mul(v, t)))), Math.max(1, t)));
    // Selected and not masked by 0: an infinite upstream gradient outside the window becomes 0, and not NaN.
    return where(lessEqual(abs(v), 1), mul(dy, sub(2, mul(2, abs(v)))), zerosLike(dy));
  },
);

/**
 * The stand-in for a sign, through whose slope gradients pass: `approxSign`, or `edeSign` with this sharpness
 * t above 0.
 */
export type SignSlope = 'approxSign' | number;

/**
 * The gradient to v from the gradient to sign(v):
 *
 *   approxSign:   dy · (2 − 2|v|) where |v| ≤ 1, 0 elsewhere
 *   sharpness t:  dy · max(1, t)·(1 − tanh²(t·v))
 *
 * The result may take the memory of dy if that may be overwritten.
 */
export function throughSlope<T extends Tensor>(dy: T, v: T, slope: SignSlope, ctx: BackwardContext): T {
  const t = slope === 'approxSign' ? 0 : slope;
  return slopeKernel({ dy, v }, { t, inPlace: ctx.mayOverwrite(dy) }) as T;
}
