import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { ActivationObserver } from '../activation-observer.js';
import type { BatchNormOptions } from '../batch-norm.js';
import type { BinaryOption } from '../binary-operands.js';
import type { DownsampleName } from '../downsample.js';
import type { Scope } from '../parameters.js';
import type { SignGradient } from '../sign-gradient.js';

/** What a block's forward pass is told beside its input. */
export interface BlockContext {
  /**
   * True in training: BatchNorm uses the statistics of the batch. False in evaluation: it uses the running
   * ones.
   */
  readonly training: boolean;
}

/** A block of a student's body. */
export interface Block {
  /**
   * It runs in a `tidy`: every tensor that it makes, but its result, is disposed of.
   *
   * @param x position-major [H, W, N, inputs]: height and width of the map, images, channels
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
 * How binary convolutions are skipped: each by a shortcut of its own (`double`, two skips where a ResNet has
 * one), or two by one shortcut (`single`). In a bottleneck: whether the 3×3 convolution has a skip within
 * that of the block.
 */
export type SkipName = 'double' | 'single';
/** Every {@link SkipName}. */
export const skipNames: readonly SkipName[] = ['double', 'single'];

/** Settings of a block beside its size: those of its BatchNorms and of its binary convolutions. */
export interface BlockOptions extends BatchNormOptions, BinaryOption {
  /** How gradients pass the sign of activations, shared by the blocks of a network; default 'ste'. */
  readonly signGradient?: SignGradient;
  /** Records activations, shared by the blocks of a network; default none. */
  readonly activations?: ActivationObserver;
  /** The version of shortcuts that change the shape; default 'v1'. */
  readonly downsample?: DownsampleName | undefined;
  /**
   * The name of what is multiplied onto the convolution's output (see `attentionFactory`); default 'none'.
   */
  readonly attention?: string;
  /** Default 'double'. */
  readonly skip?: SkipName;
  /** Groups of the binary convolutions, as of `ConvGeometry`; default 1. */
  readonly groups?: number;
}

/** Makes a block with its parameters in a scope. */
export type BlockFactory = (scope: Scope, size: BlockSize, options: BlockOptions) => Block;
