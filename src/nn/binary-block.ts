import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { binaryResidual } from '../ops/binary-residual.js';
import { prelu } from '../ops/prelu.js';
import type { ActivationObserver } from './activation-observer.js';
import { SqueezeExcite } from './attention/squeeze-excite.js';
import type { BatchNormOptions } from './batch-norm.js';
import type { Binarise } from './binarise.js';
import { BinaryOrder } from './block-orders.js';
import { ComposedBlock } from './composed-block.js';
import type { DownsampleName } from './downsample.js';
import type { Scope } from './parameters.js';
import { SignGradient } from './sign-gradient.js';

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
export class BinaryBlock extends ComposedBlock {
  private readonly order: BinaryOrder;
  private readonly isBinary: boolean;
  private readonly signGradient: SignGradient;
  private readonly activations: ActivationObserver | undefined;

  constructor(scope: Scope, size: BinaryBlockSize, options: BinaryBlockOptions = {}) {
    const { binarise = 'both', signGradient = new SignGradient(), activations } = options;
    const order = new BinaryOrder(scope, size, { ...options, signGradient });
    super([order], scope, size, options);
    this.order = order;
    this.isBinary = binarise === 'both';
    this.signGradient = signGradient;
    this.activations = activations;
  }

  /**
   * Whether the block applies the PReLU of the block before it on the way, in training: then its input need not be
   * {@link activated} first.
   */
  override get takesPending(): boolean {
    return this.fused && this.shortcut === undefined;
  }

  /** Whether training runs as one operation, which keeps one bit of each activation for the gradient of its sign. */
  private get fused(): boolean {
    const { attention } = this.order.conv.gated;
    return (
      this.isBinary &&
      this.signGradient.isMask &&
      (attention === undefined || attention instanceof SqueezeExcite)
    );
  }

  /** @param input position-major [H, W, N, inputs]; activated, unless in training the block {@link takesPending} */
  override apply(input: PendingMap, training: boolean): PendingMap {
    if (!training || !this.fused) return super.apply(input, training);
    const { map, slope } = input;
    const { bn, gated } = this.order.conv;
    this.activations?.note(gated.layer, () => bn.look(map, slope));
    return { map: this.trained(map, slope), slope: this.order.slope };
  }

  private trained(v: Tensor4D, slope: Tensor1D | undefined): Tensor4D {
    const { bn, gated } = this.order.conv;
    const statistics = bn.batchStatistics(v, slope);
    const residual = this.shortcut?.apply(v, true, statistics.mean);
    const { latent, geometry } = gated.conv;
    const attention = gated.attention instanceof SqueezeExcite ? gated.attention.weights : undefined;
    const operands = { slope, affine: bn, statistics, epsilon: bn.epsilon, latent, residual, attention };
    const y = binaryResidual(v, operands, geometry);
    for (const tensor of [statistics.mean, statistics.variance, residual]) tensor?.dispose();
    return y;
  }
}
