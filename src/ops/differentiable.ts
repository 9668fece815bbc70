import * as tf from '@tensorflow/tfjs-core';

/** The value of an operation and what its backward pass needs. */
export interface Forward<Y extends tf.Tensor> {
  readonly value: Y;
  /** Tensors that the backward pass needs; they stay alive until it has run. */
  readonly saved: tf.Tensor[];
  /** From the upstream gradient and the saved tensors to the gradient of each input, in the order of the inputs. */
  readonly gradients: (dy: Y, saved: tf.Tensor[]) => tf.Tensor[];
}

/**
 * Runs `forward` off the tape and records it as one operation with the gradient that it states. Tensors that `forward`
 * uses but that are not among `inputs` are constants. The gradients are of first order: differentiating them again
 * treats what was saved as constant.
 */
export function differentiable<Y extends tf.Tensor>(
  inputs: readonly tf.Tensor[],
  forward: () => Forward<Y>,
): Y {
  const operation = tf.customGrad<Y>((...args) => {
    const save = args[args.length - 1] as (tensors: tf.Tensor[]) => void;
    const { value, saved, gradients } = forward();
    save(saved);
    return { value, gradFunc: (dy, kept) => gradients(dy, kept) };
  });
  return operation(...inputs);
}
