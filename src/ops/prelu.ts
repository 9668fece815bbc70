import {
  add,
  div,
  greater,
  minimum,
  mul,
  sum,
  type Tensor,
  type Tensor1D,
  where,
} from '@tensorflow/tfjs-core';
import { InputError } from '../errors.js';
import { differentiable } from './differentiable.js';
import { composedKernel } from './kernel.js';
import { shapeText } from './shape-text.js';

/** prelu(x) by stock operations, or x without a slope. */
export const preluOf = (x: Tensor, slope: Tensor | undefined): Tensor =>
  slope ? where(greater(x, 0), x, mul(x, slope)) : x;

/** prelu(x + residual), or prelu(x). With `inPlace` the result may take the memory of x. */
export const addPreluKernel = composedKernel<{ readonly inPlace: boolean }, Tensor>(
  'AddPrelu',
  ({ x, residual, slope }) => preluOf(residual ? add(x, residual) : x, slope),
);

/**
 * The gradients of prelu to its input and its slope. `v` is the input. With `fromOutput` it is the output,
 * from which the input follows if all slopes are positive: v = y where y > 0, y / slope elsewhere. With
 * `inPlace` dv may take the memory of dy.
 */
export const preluGradKernel = composedKernel<
  { readonly fromOutput: boolean; readonly inPlace: boolean },
  Tensor[]
>('PreluGrad', ({ dy, v, slope }, { fromOutput }) => [
  where(greater(v, 0), dy, mul(dy, slope)),
  sum(
    mul(dy, minimum(fromOutput ? div(v, slope) : v, 0)),
    v.shape.slice(0, -1).map((_, axis) => axis),
  ),
]);

/**
 * Whether the input of a prelu follows from its output, because all slopes are well above 0. It reads the
 * slopes back.
 */
export function isInvertible(slope: Tensor1D): boolean {
  return slope.dataSync().every((value) => value > 1e-6);
}

function checkSlope(x: Tensor, slope: Tensor1D): void {
  if (slope.rank !== 1 || slope.shape[0] !== x.shape[x.rank - 1]) {
    throw new InputError(
      `prelu: the slope must have the shape [${x.shape[x.rank - 1]}] of the channels of x, got ${shapeText(slope)}.`,
    );
  }
}

/**
 * Parametric ReLU with one slope for each channel (He et al. 2015): y = x where x > 0, slope·x elsewhere.
 * dy/dslope = x where x ≤ 0.
 *
 * @param x [..., C]
 * @param slope [C]
 * @param inPlace whether y may take the memory of x, because x is not read any more; default false
 * @throws InputError when the slope's shape is not [C]
 */
export function prelu<T extends Tensor>(x: T, slope: Tensor1D, { inPlace = false } = {}): T {
  checkSlope(x, slope);
  return differentiable<T>([x, slope], () => {
    const fromOutput = inPlace && isInvertible(slope);
    const value = addPreluKernel({ x, slope }, { inPlace: fromOutput }) as T;
    return {
      value,
      saved: [fromOutput ? value : x, slope],
      gradients: (dy, [v, savedSlope], ctx) =>
        preluGradKernel({ dy, v, slope: savedSlope }, { fromOutput, inPlace: ctx.mayOverwrite(dy) }),
    };
  });
}

/**
 * PReLU of a sum, y = prelu(x + residual), as one operation: the end of a residual block.
 *
 * @param x [..., C]
 * @param residual the same shape
 * @param slope [C]
 * @throws InputError when shapes do not fit
 */
export function addPrelu<T extends Tensor>(x: T, residual: T, slope: Tensor1D): T {
  checkSlope(x, slope);
  if (x.shape.join() !== residual.shape.join()) {
    throw new InputError(
      `addPrelu: x and the residual must have the same shape, got ${shapeText(x)} and ${shapeText(residual)}.`,
    );
  }
  return differentiable<T>([x, residual, slope], () => {
    const value = addPreluKernel({ x, residual, slope }, { inPlace: false }) as T;
    const fromOutput = isInvertible(slope);
    return {
      value,
      saved: [fromOutput ? value : add(x, residual), slope],
      gradients: (dy, [v, savedSlope], ctx) => {
        const [dv, dslope] = preluGradKernel(
          { dy, v, slope: savedSlope },
          { fromOutput, inPlace: ctx.mayOverwrite(dy) },
        );
        return [dv, dv.clone(), dslope];
      },
    };
  });
}
