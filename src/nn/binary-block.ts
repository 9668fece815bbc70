import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { prelu } from '../ops/prelu.js';
import type { ActivationObserver } from './activation-observer.js';
import type { BatchNormOptions } from './batch-norm.js';
import type { Binarise } from './binarise.js';
import { BinaryOrder } from './block-orders.js';
import type { DownsampleName } from './downsample.js';
import { FusedBlock } from './fused-block.js';
import type { Scope } from './parameters.js';
import type { SignGradient } from './sign-gradient.js';

/** Settings of a binary block beside its size: those of its BatchNorms, and what its convolution makes binary. */
export interface BinaryBlockOptions extends BatchNormOptions {
  /** Default 'both'. */
  readonly binarise?: Binarise;
  /** How gradients pass the sign of the activations, shared by the blocks of a network; default 'ste'. */
  readonly signGradient?: SignGradient;
  /** Looks at the activations, shared by the blocks of a network; default none. */
  readonly activations?: ActivationObserver;
  /** The version of shortcuts that change the shape; default 'v1'. */
  readonly downsample?: DownsampleName | undefined;
  /** What is multiplied onto the convolution's output: a name as of `attentionFactory`; default 'none'. */
  readonly attention?: string;
  /** Whether each binary convolution has a skip of its own, or two share one; default 'double'. */
  readonly skip?: SkipName;
  /** Groups of the binary convolutions, as of `ConvGeometry`; default 1. */
  readonly groups?: number;
}

/**
 * How binary convolutions are skipped: each on its own (`double`, two skips where a ResNet has one), or two together. In a
 * bottleneck: the 3×3 convolution on its own within the block's shortcut, or not.
 */
export type SkipName = 'double' | 'single';
/** Every {@link SkipName}. */
export const skipNames: readonly SkipName[] = ['double', 'single'];

/** A map [H, W, N, C] and the slopes of the PReLU that is still to be applied to it; undefined when none is. */
export interface PendingMap {
  readonly map: Tensor4D;
  readonly slope: Tensor1D | undefined;
}

/** The map with its PReLU applied, where that lay; `pending` is not read any more. */
export function activated({ map, slope }: PendingMap): Tensor4D {
  if (slope === undefined) return map;
  const y = prelu(map, slope, { inPlace: true });
  map.dispose();
  return y;
}

/** The size of a binary block. */
export interface BinaryBlockSize {
  readonly inputs: number;
  readonly outputs: number;
  readonly stride: number;
}

/**
 * One binary 3×3 convolution with a residual of its own:
 *
 *   y = PReLU(binaryConv(sign(BN(x))) + shortcut(x))
 *
 * The shortcut is the identity, or {@link Downsample} where the shape changes. PReLU slopes start at 0.25. In training the
 * PReLU is left to the block that follows, whose kernels apply it in passing. Two of these stand where a ResNet has one basic block, so that every binary convolution is skipped (Bi-Real Net, Liu et al. 2018).
 *
 * For training in stages `binarise` leaves operands of the convolution in floats:
 *
 *   'activations':  y = PReLU(conv(sign(BN(x)), latent) + shortcut(x))
 *   'weights':      y = PReLU(conv(hardClamp(BN(x)), α·sign(latent)) + shortcut(x))
 *   'none':         y = PReLU(conv(hardClamp(BN(x)), latent) + shortcut(x))
 *
 * Where the sign is left out hardClamp takes its place, whose gradient is that of the straight-through estimator, so that
 * BatchNorm learns under the same mask |BN(x)| ≤ 1 in every stage. Names and shapes of the parameters do not depend on
 * `binarise`: a stage starts from the tensors of the one before.
 *
 * An attention multiplies the convolution's output. Squeeze and excite, in a block that is binary, is part of the operation as
 * which it trains.
 */
export class BinaryBlock extends FusedBlock {
  constructor(scope: Scope, size: BinaryBlockSize, options: BinaryBlockOptions = {}) {
    super(BinaryOrder, scope, size, options);
  }
}
