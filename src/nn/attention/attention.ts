import type { Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import type { MapPools } from '../../ops/map-pools.js';
import type { MapProjection } from '../../ops/map-projection.js';
import type { SqueezeExciteWeights } from '../../ops/squeeze-excite.js';
import type { BatchNormOptions } from '../batch-norm.js';
import type { BlockSize } from '../blocks/block.js';
import type { Scope } from '../parameters.js';
import type { Factors } from './factors.js';

/**
 * What an attention may ask of the real-valued map before the sign. Maps are position-major. All but `map`
 * are computed without making the map.
 */
export interface AttentionInput {
  /** [H, W, N, inputs]. */
  readonly map: () => Tensor4D;
  /** Its mean over the positions, [N, inputs]. */
  readonly mean: () => Tensor2D;
  /** Its mean and its maximum over the positions, [2, N, inputs]. */
  readonly positionPools: () => Tensor3D;
  /** `positionPools`, and its maximum and its mean over the channels, [H, W, N, 2], in one pass. */
  readonly pools: () => MapPools;
  /**
   * Its mean over the positions, and its 1×1 convolution with a filter [1, 1, inputs, K] of few outputs, in
   * one pass.
   */
  readonly projection: (filter: Tensor4D) => MapProjection;
}

/** What is multiplied onto the output of a binary convolution. */
export interface ChannelAttention {
  /**
   * It runs in a `tidy`: every tensor that it makes, but its result, is disposed of.
   *
   * @returns factors [N, outputs], or [H', W', N, outputs] for a map of the output's height and width, or
   *   {@link FactoredFactors}, which stand for such a map
   */
  apply(input: AttentionInput, training: boolean): Factors;
  /** Its weights if it is squeeze and excite: a whole block with it trains as one operation. */
  readonly squeezeExcite?: SqueezeExciteWeights | undefined;
}

/**
 * Makes an attention for a convolution of this size with its parameters in a scope. Its own BatchNorms have
 * the settings of the network's.
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
