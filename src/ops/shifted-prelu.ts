import { add, greater, minimum, mul, sum, type Tensor, type Tensor1D, where } from '@tensorflow/tfjs-core';
import { InputError } from '../errors.js';
import { allButLast } from './channel-statistics.js';
import { isConsumable } from './consumable.js';
import { differentiable } from './differentiable.js';
import { composedKernel } from './kernel.js';
import { preluOf } from './prelu.js';

const shiftedPreluKernel = composedKernel<object, Tensor>('ShiftedPrelu', ({ x, before, slope, after }) =>
  add(preluOf(add(x, before), slope), after),
);

/** Outputs: the gradients to x, before, slope and after. */
const shiftedPreluGradKernel = composedKernel<{ readonly inPlace: boolean }, Tensor[]>(
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
 * A PReLU between two learned shifts, the RPReLU of ReActNet (Liu et al. 2020), fused:
 *
 *   y = PReLU(x + before) + after
 *
 * @param x [..., C]
 * @throws InputError when a parameter's shape is not [C]
 */
export function shiftedPrelu<T extends Tensor>(x: T, { before, slope, after }: ShiftedPreluParameters): T {
  const channels = x.shape[x.rank - 1];
  for (const [name, parameter] of Object.entries({ before, slope, after }))
    if (parameter.rank !== 1 || parameter.shape[0] !== channels)
      throw new InputError(
        `shiftedPrelu: ${name} must have the shape [${channels}] of the channels of x, got [${parameter.shape.join(', ')}].`,
      );
  return differentiable<T>([x, before, slope, after], () => ({
    value: shiftedPreluKernel({ x, before, slope, after }, {}) as T,
    saved: [x, before, slope],
    gradients: (dy, [input, shift, factor]) =>
      shiftedPreluGradKernel({ dy, x: input, before: shift, slope: factor }, { inPlace: isConsumable(dy) }),
  }));
}
