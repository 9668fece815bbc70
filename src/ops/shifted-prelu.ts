import { add, greater, minimum, mul, sum, type Tensor, type Tensor1D, where } from '@tensorflow/tfjs-core';
import { checkChannels } from './batch-norm.js';
import { allButLast } from './channel-statistics.js';
import { differentiable } from './differentiable.js';
import { composedKernel } from './kernel.js';
import { preluOf } from './prelu.js';

/** PReLU(x + before) + after by stock operations. */
export const shiftedPreluOf = (x: Tensor, { before, slope, after }: Record<string, Tensor>): Tensor =>
  add(preluOf(add(x, before), slope), after);

const shiftedPreluKernel = composedKernel<object, Tensor>('ShiftedPrelu', ({ x, ...parameters }) =>
  shiftedPreluOf(x, parameters),
);

/** Outputs: the gradients to x, before, slope and after. */
export const shiftedPreluGradKernel = composedKernel<{ readonly inPlace: boolean }, Tensor[]>(
  'ShiftedPreluGrad',
  ({ dy, x, before, slope }) => {
    const v = add(x, before);
    const dx = where(greater(v, 0), dy, mul(dy, slope));
    const axes = allButLast(x);
    return [dx, sum(dx, axes), sum(mul(dy, minimum(v, 0)), axes), sum(dy, axes)];
  },
);

/** The parameters of a {@link shiftedPrelu}, [C] each. */
export interface ShiftedPreluParameters {
  /** Added before the PReLU. */
  readonly before: Tensor1D;
  readonly slope: Tensor1D;
  /** Added after it. */
  readonly after: Tensor1D;
}

/**
 * A PReLU between two learned shifts, the RPReLU of ReActNet (Liu et al. 2020), as one operation:
 *
 *   y = PReLU(x + before) + after
 *
 * @param x [..., C]
 * @throws InputError when a parameter's shape is not [C]
 */
export function shiftedPrelu<T extends Tensor>(x: T, { before, slope, after }: ShiftedPreluParameters): T {
  checkChannels('shiftedPrelu', x, { before, slope, after });
  return differentiable<T>([x, before, slope, after], () => ({
    value: shiftedPreluKernel({ x, before, slope, after }, {}) as T,
    saved: [x, before, slope],
    gradients: (dy, [input, shift, factor], ctx) =>
      shiftedPreluGradKernel(
        { dy, x: input, before: shift, slope: factor },
        { inPlace: ctx.mayOverwrite(dy) },
      ),
  }));
}
