import type { Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import type { MapPools } from '../../ops/map-pools.js';
import type { MapProjection } from '../../ops/map-projection.js';
import type { SqueezeExciteWeights } from '../../ops/squeeze-excite.js';
import type { BatchNormOptions } from '../batch-norm.js';
import type { BlockSize } from '../blocks/block.js';
import type { Scope } from '../parameters.js';
import type { Factors } from './factors.js';

/** What an attention may look at: the real-valued map before the sign, position-major. */
export interface AttentionInput {
  /** [H, W, N, inputs]. */
  readonly map: () => Tensor4D;
  /** Its mean over the positions, [N, inputs], which costs less than the map. */
  readonly mean: () => Tensor2D;
  /** Its mean and its maximum over the positions, [2, N, inputs], which cost less than the map. */
  readonly positionPools: () => Tensor3D;
  /** These, and its maximum and its mean over the channels, [H, W, N, 2], in one pass. */
  readonly pools: () => MapPools;
  /** Its mean over the positions and its 1×1 convolution with a filter [1, 1, inputs, K] of few outputs, in one pass. */
  readonly projection: (filter: Tensor4D) => MapProjection;
}

/** What is multiplied onto the output of a binary convolution. */
export interface ChannelAttention {
  /**
   * It runs in a `tidy`: what it makes but its result is disposed of.
   *
   * @returns factors [N, outputs], or [H', W', N, outputs] of the output's height and width, or both as
   *   {@link FactoredFactors}
   */
  apply(input: AttentionInput, training: boolean): Factors;
  /** Where it is squeeze and excite: its weights, for the operation as which a whole block trains. */
  readonly squeezeExcite?: SqueezeExciteWeights | undefined;
}

/**
 * Makes an attention for a convolution of this size with its parameters in a scope. BatchNorms of its own have the network's
 * settings.
 */
export type AttentionFactory = (
  scope: Scope,
  size: BlockSize,
  batchNorm: BatchNormOptions,
) => ChannelAttention;

/** An attention of this package. */
export interface AttentionDefinition {
  /** Its name in recipes (`student.attention`) and in checkpoints. */
  readonly name: string;
  readonly make: AttentionFactory;
}
