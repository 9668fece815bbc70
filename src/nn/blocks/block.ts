import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { ActivationObserver } from '../activation-observer.js';
import type { BatchNormOptions } from '../batch-norm.js';
import type { BinaryOption } from '../binary-operands.js';
import type { DownsampleName } from '../downsample.js';
import type { Scope } from '../parameters.js';
import type { SignGradient } from '../sign-gradient.js';

/** What a block's forward pass is told beside its input. */
export interface BlockContext {
  /** True in training: BatchNorm takes the statistics of the batch. False in evaluation: it takes the running ones. */
  readonly training: boolean;
}

/** A block of a student's body. */
export interface Block {
  /**
   * It runs in a `tidy`: all tensors that it makes but the result are disposed of.
   *
   * @param x position-major [H, W, N, inputs], with H and W the height and the width of the map and N the images
   * @returns [⌈H / stride⌉, ⌈W / stride⌉, N, outputs]
   */
  forward(x: Tensor4D, ctx: BlockContext): Tensor4D;
}

/** The size of a block. */
export interface BlockSize {
  readonly inputs: number;
  readonly outputs: number;
  readonly stride: number;
}

/**
 * How binary convolutions are skipped: each by a shortcut of its own (`double`, two skips where a ResNet has one), or two
 * by one (`single`). In a bottleneck: whether the 3×3 convolution has a skip of its own within the block's.
 */
export type SkipName = 'double' | 'single';
/** Every {@link SkipName}. */
export const skipNames: readonly SkipName[] = ['double', 'single'];

/** Settings of a block beside its size: those of its BatchNorms, and what its binary convolutions are like. */
export interface BlockOptions extends BatchNormOptions, BinaryOption {
  /** How gradients pass the sign of the activations, shared by the blocks of a network; default 'ste'. */
  readonly signGradient?: SignGradient;
  /** Looks at the activations, shared by the blocks of a network; default none. */
  readonly activations?: ActivationObserver;
  /** The version of shortcuts that change the shape; default 'v1'. */
  readonly downsample?: DownsampleName | undefined;
  /** What is multiplied onto the convolution's output: a name as of `attentionFactory`; default 'none'. */
  readonly attention?: string;
  /** Default 'double'. */
  readonly skip?: SkipName;
  /** Groups of the binary convolutions, as of `ConvGeometry`; default 1. */
  readonly groups?: number;
}

/** Makes a block with its parameters in a scope. */
export type BlockFactory = (scope: Scope, size: BlockSize, options: BlockOptions) => Block;
