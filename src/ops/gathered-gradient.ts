import type { Tensor } from '@tensorflow/tfjs-core';

const offered = new WeakMap<Tensor, Map<number, Tensor>>();

/**
 * Offers the gradients gathered so far, by the tensor that they are to, to the gradient function that `dy` is handed to: it may
 * take that of its input and give the sum of it and its own in its stead, which spares a pass over both.
 */
export function offerGathered(dy: Tensor, gathered: Map<number, Tensor>): void {
  offered.set(dy, gathered);
}

/** Takes the gradient gathered so far to the tensor of this id, where there is one; the caller disposes of it. */
export function takeGathered(dy: Tensor, id: number): Tensor | undefined {
  const gathered = offered.get(dy);
  const gradient = gathered?.get(id);
  gathered?.delete(id);
  return gradient;
}
