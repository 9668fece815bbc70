import type { Tensor1D, Tensor4D, Variable } from '@tensorflow/tfjs-core';
import { binaryResidual } from '../ops/binary-residual.js';
import { addPrelu, prelu } from '../ops/prelu.js';
import type { ActivationObserver } from './activation-observer.js';
import { BatchNorm, type BatchNormOptions } from './batch-norm.js';
import type { Binarise } from './binarise.js';
import { BinaryConv2d } from './conv2d.js';
import { Downsample, type DownsampleName } from './downsample.js';
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
 */
export class BinaryBlock {
  private readonly bn: BatchNorm;
  private readonly conv: BinaryConv2d;
  private readonly slope: Variable & Tensor1D;
  private readonly shortcut: Downsample | undefined;
  private readonly binarise: Binarise;
  private readonly signGradient: SignGradient;
  private readonly activations: ActivationObserver | undefined;
  /** As a checkpoint names the convolution. */
  private readonly layer: string;

  constructor(
    scope: Scope,
    { inputs, outputs, stride }: BinaryBlockSize,
    {
      binarise = 'both',
      signGradient = new SignGradient(),
      activations,
      ...batchNorm
    }: BinaryBlockOptions = {},
  ) {
    this.binarise = binarise;
    this.signGradient = signGradient;
    this.activations = activations;
    this.layer = scope.child('conv').path;
    this.bn = new BatchNorm(scope.child('bn'), inputs, batchNorm);
    this.conv = new BinaryConv2d(
      scope.child('conv'),
      { inputs, outputs, window: 3 },
      { stride, pad: 1 },
      binarise,
    );
    this.slope = scope.child('prelu').parameter('slope', [outputs], { kind: 'constant', value: 0.25 });
    if (stride !== 1 || inputs !== outputs) {
      this.shortcut = new Downsample(scope.child('shortcut'), inputs, outputs, stride, batchNorm);
    }
  }

  /**
   * Whether the block applies the PReLU of the block before it on the way, in training: then its input need not be
   * {@link activated} first.
   */
  get takesPending(): boolean {
    return this.fused && this.shortcut === undefined;
  }

  /** Whether training runs as one operation, which keeps one bit of each activation for the gradient of its sign. */
  private get fused(): boolean {
    return this.binarise === 'both' && this.signGradient.isMask;
  }

  /** @param input position-major [H, W, N, inputs]; activated, unless in training the block {@link takesPending} */
  apply(input: PendingMap, training: boolean): PendingMap {
    const { map, slope } = input;
    if (training) this.activations?.note(this.layer, () => this.bn.look(map, slope));
    return training && this.fused
      ? { map: this.trained(map, slope), slope: this.slope }
      : { map: this.composed(map, training), slope: undefined };
  }

  private trained(v: Tensor4D, slope: Tensor1D | undefined): Tensor4D {
    const statistics = this.bn.batchStatistics(v, slope);
    const residual = this.shortcut?.apply(v, true, statistics.mean);
    const { epsilon } = this.bn;
    const { latent, geometry } = this.conv;
    const y = binaryResidual(v, { slope, affine: this.bn, statistics, epsilon, latent, residual }, geometry);
    for (const tensor of [statistics.mean, statistics.variance, residual]) tensor?.dispose();
    return y;
  }

  private composed(x: Tensor4D, training: boolean): Tensor4D {
    const residual = this.shortcut?.apply(x, training);
    const input = this.operand(x, training);
    const convolved = this.conv.apply(input);
    input.dispose();
    const y = addPrelu(convolved, residual ?? x, this.slope);
    convolved.dispose();
    residual?.dispose();
    return y;
  }

  private operand(x: Tensor4D, training: boolean): Tensor4D {
    if (this.binarise === 'weights' || this.binarise === 'none') return this.bn.clamp(x, training);
    return training ? this.signGradient.sign(this.bn, x) : this.bn.sign(x, false);
  }
}
