import type { Tensor } from '@tensorflow/tfjs-core';

const consumable = new WeakSet<Tensor>();

/** States that nobody reads `tensor` after the gradient function that it is handed to, which may overwrite its memory. */
export function markConsumable(tensor: Tensor): void {
  consumable.add(tensor);
}

/** Whether a gradient function may overwrite the memory of `tensor`. */
export function isConsumable(tensor: Tensor): boolean {
  return consumable.has(tensor);
}
