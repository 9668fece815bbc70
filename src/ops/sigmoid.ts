import { mul, sigmoid as stockSigmoid, sub, type Tensor } from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.js';
import { composedKernel } from './kernel.js';

const gradKernel = composedKernel<{ readonly inPlace: boolean }, Tensor>('SigmoidGrad', ({ dy, y }) =>
  mul(dy, mul(y, sub(1, y))),
);

/**
 * σ(x) = 1 / (1 + e⁻ˣ) of each element, dσ/dx = σ (1 − σ). Any shape. The value is TensorFlow.js's own; the
 * gradient is one pass.
 */
export function sigmoid<T extends Tensor>(x: T): T {
  return differentiable<T>([x], () => {
    const value = stockSigmoid(x);
    return {
      value,
      saved: [value],
      gradients: (dy, [y], ctx) => [gradKernel({ dy, y }, { inPlace: ctx.mayOverwrite(dy) })],
    };
  });
}
