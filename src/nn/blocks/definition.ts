import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Scope } from '../parameters.js';
import type { BlockContext, BlockOptions, BlockSize } from './block.js';
import type { FusedResidual } from './fused-residual.js';

/** What the forward pass of a {@link BlockBody} is told beside its input. */
export interface BodyContext extends BlockContext {
  /** What is added where the paper adds the shortcut, [H', W', N, outputs]; undefined where nothing is. */
  readonly shortcut: Tensor4D | undefined;
}

/**
 * A block of this package without its shortcut: one binary convolution with its neighbours, in the order of a paper. The
 * library makes the shortcut, and puts two bodies under one shortcut where a network has a single skip.
 */
export interface BlockBody {
  /**
   * It runs in a `tidy`, as `Block.forward` does.
   *
   * @param x position-major [H, W, N, inputs], activated
   * @returns [H', W', N, outputs]
   */
  forward(x: Tensor4D, ctx: BodyContext): Tensor4D;
  /** The layers of `forward` where they train as one operation, which gives the same. */
  readonly fused?: FusedResidual | undefined;
}

/** A block of this package. */
export interface BlockDefinition {
  /** Its name in recipes (`student.block`) and in checkpoints. */
  readonly name: string;
  /** Its layers whose maps have the size of the output where the block has a stride; those before have the input's. */
  readonly afterStride: readonly string[];
  /** Makes the body with its parameters in a scope. */
  readonly make: (scope: Scope, size: BlockSize, options: BlockOptions) => BlockBody;
}
