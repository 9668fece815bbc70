import type { Tensor } from '@tensorflow/tfjs-core';

/** What a gradient function may know and do in the backward pass that calls it. */
export interface BackwardContext {
  /**
   * Whether the memory of this upstream gradient may be overwritten, because nobody reads it after the gradient function.
   * Kernels still leave memory alone that another tensor shares.
   */
  mayOverwrite(dy: Tensor): boolean;
  /**
   * Takes the gradient that other operations have given to an input so far, where there is one. A gradient function that
   * takes it must return the sum of it and its own, which saves a pass over both, and must dispose of what it took.
   *
   * @param input one of the operation's inputs
   */
  takeAccumulated(input: Tensor): Tensor | undefined;
}

/** Of TensorFlow.js's own `grads` and `variableGrads`: upstream gradients are shared, and sums are made elsewhere. */
export const sharedGradients: BackwardContext = {
  mayOverwrite: () => false,
  takeAccumulated: () => undefined,
};
