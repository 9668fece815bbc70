import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Scope } from '../parameters.js';
import type { BlockContext, BlockOptions, BlockSize } from './block.js';
import type { FusedResidual } from './fused-residual.js';

/** What the forward pass of a {@link BlockBody} is told beside its input. */
export interface BodyContext extends BlockContext {
  /** What is added where the paper adds the shortcut, [H', W', N, outputs]; undefined for nothing. */
  readonly shortcut: Tensor4D | undefined;
}

/**
 * A block of this package without its shortcut: one binary convolution with its neighbours, in the order of a
 * paper. The library makes the shortcut. Where a network has a single skip it puts two bodies under one
 * shortcut.
 */
export interface BlockBody {
  /**
   * It runs in a `tidy`, as `Block.forward` does.
   *
   * @param x position-major [H, W, N, inputs], activated
   * @returns [H', W', N, outputs]
   */
  forward(x: Tensor4D, ctx: BodyContext): Tensor4D;
  /**
   * The layers of `forward`, if they may train as one operation, which gives the same values and gradients.
   */
  readonly fused?: FusedResidual | undefined;
}

/** A block of this package. */
export interface BlockDefinition {
  /** Its name in recipes (`student.block`) and in checkpoints. */
  readonly name: string;
  /**
   * The layers that come after the stride, and so have maps of the output's size; what a network costs is
   * counted by it.
   */
  readonly afterStride: readonly string[];
  /** Makes the body with its parameters in a scope. */
  readonly make: (scope: Scope, size: BlockSize, options: BlockOptions) => BlockBody;
}
