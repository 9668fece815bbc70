import type { Tensor } from '@tensorflow/tfjs-core';

/** What a gradient function may know of the backward pass that calls it. */
export interface BackwardContext {
  /**
   * Whether the memory of this upstream gradient may be overwritten, since nobody reads it after the gradient
   * function. Kernels still leave memory alone that another tensor shares.
   */
  mayOverwrite(dy: Tensor): boolean;
  /**
   * Takes the gradient that an input has accumulated from other operations, if there is one. A gradient
   * function that takes it must return its sum with its own gradient, which saves a pass over both, and must
   * dispose of it.
   *
   * @param input one of the operation's inputs
   */
  takeAccumulated(input: Tensor): Tensor | undefined;
}

/**
 * The context under TensorFlow.js's own `grads` and `variableGrads`, which share upstream gradients and add
 * up gradients themselves.
 */
export const sharedGradients: BackwardContext = {
  mayOverwrite: () => false,
  takeAccumulated: () => undefined,
};
