import { add, greater, minimum, mul, sum, type Tensor, type Tensor1D, where } from '@tensorflow/tfjs-core';
import { InputError } from '../errors.js';
import { differentiable } from './differentiable.js';
import { composedKernel } from './kernel.js';

const addPreluKernel = composedKernel<object, Tensor>('AddPrelu', ({ x, residual, slope }) => {
  const v = residual ? add(x, residual) : x;
  return where(greater(v, 0), v, mul(v, slope));
});

// Outputs dv and dslope.
const preluGradKernel = composedKernel<object, Tensor[]>('PreluGrad', ({ dy, v, slope }) => [
  where(greater(v, 0), dy, mul(dy, slope)),
  sum(
    mul(dy, minimum(v, 0)),
    v.shape.slice(0, -1).map((_, axis) => axis),
  ),
]);

function checkSlope(x: Tensor, slope: Tensor1D): void {
  if (slope.rank !== 1 || slope.shape[0] !== x.shape[x.rank - 1]) {
    throw new InputError(
      `prelu: the slope must have the shape [${x.shape[x.rank - 1]}] of the channels of x, got [${slope.shape.join(', ')}].`,
    );
  }
}

/**
 * Parametric ReLU with one slope a channel: y = x where x > 0, slope·x elsewhere (He et al. 2015). dy/dslope = x where
 * x ≤ 0.
 *
 * @param x [..., C]
 * @param slope [C]
 * @throws InputError when the slope's shape is not [C]
 */
export function prelu<T extends Tensor>(x: T, slope: Tensor1D): T {
  checkSlope(x, slope);
  return differentiable<T>([x, slope], () => ({
    value: addPreluKernel({ x, slope }, {}) as T,
    saved: [x, slope],
    gradients: (dy, [v, savedSlope]) => preluGradKernel({ dy, v: v, slope: savedSlope }, {}),
  }));
}

/**
 * PReLU of a sum, y = prelu(x + residual), fused: the end of a residual block.
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
      `addPrelu: x and the residual must have the same shape, got [${x.shape.join(', ')}] and [${residual.shape.join(', ')}].`,
    );
  }
  return differentiable<T>([x, residual, slope], () => ({
    value: addPreluKernel({ x, residual, slope }, {}) as T,
    saved: [x, residual, slope],
    gradients: (dy, [savedX, savedResidual, savedSlope]) => {
      const v = add(savedX, savedResidual);
      const [dv, dslope] = preluGradKernel({ dy, v, slope: savedSlope }, {});
      v.dispose();
      return [dv, dv.clone(), dslope];
    },
  }));
}
