import type { Tensor1D, Tensor4D, Variable } from '@tensorflow/tfjs-core';
import { averagePool } from '../ops/pooling.js';
import { addPrelu } from '../ops/prelu.js';
import { noAttention } from './attention/attention.js';
import { BatchNorm } from './batch-norm.js';
import type { BinaryBlockOptions, BinaryBlockSize, PendingMap } from './binary-block.js';
import type { Block } from './block.js';
import { NormalisedConv, preluSlope, sumOf } from './block-orders.js';
import { Downsample } from './downsample.js';
import type { Scope } from './parameters.js';

/** The size of a bottleneck. */
export interface BottleneckSize extends BinaryBlockSize {
  /** The channels of its 3×3 convolution; a ResNet's are a quarter of its outputs. */
  readonly planes: number;
}

/** Averages what lies around a position, of a border what is there of it. */
const smoothing = { window: 3, stride: 1, pad: 1, countPadding: false } as const;

/**
 * A bottleneck of three binary convolutions, 1×1 with the block's stride, 3×3 and 1×1:
 *
 *   a = conv₁(sign(BN₁(x)))              planes channels
 *   b = conv₂(sign(BN₂(a))) + a          planes channels
 *   c = BN₄(conv₃(sign(BN₃(b))))         outputs channels
 *   y = c + x                            where the shape stays,
 *   y = PReLU(c + branch(x))             where it changes
 *
 * The branch is in full precision: {@link Downsample} where the stride is above 1; else 1×1 convolution → BN → average
 * pooling 3×3 of stride 1, whose windows count at a border only what lies inside. With a single skip b is without a. An
 * attention is multiplied onto the 3×3 convolution alone, which alone may have groups, and looks at BN₂(a). `binarise` leaves operands of all three
 * convolutions in floats, as in a `BinaryBlock`. PReLU slopes start at 0.25.
 *
 * It is the bottleneck of a ResNet (He et al. 2016) in the order of `BinaryBlock`, with a skip around the convolution that
 * keeps its shape (Bi-Real Net, Liu et al. 2018). Unlike the full-precision one (`ResidualBlock`) it has the stride in the
 * first convolution, so that a has the shape of conv₂'s output. Position-major.
 */
export class BinaryBottleneck implements Block {
  readonly takesPending = false;
  private readonly first: NormalisedConv;
  private readonly second: NormalisedConv;
  private readonly third: NormalisedConv;
  private readonly bn: BatchNorm;
  private readonly hasInnerSkip: boolean;
  private readonly stride: number;
  private readonly branch: { readonly shortcut: Downsample; readonly slope: Variable & Tensor1D } | undefined;

  constructor(
    scope: Scope,
    { inputs, outputs, stride, planes }: BottleneckSize,
    options: BinaryBlockOptions = {},
  ) {
    const plain = { ...options, attention: noAttention, groups: 1 };
    const reducing = { inputs, outputs: planes, stride, window: 1 };
    const expanding = { inputs: planes, outputs, stride: 1, window: 1 };
    this.first = new NormalisedConv(scope.child('first'), reducing, plain);
    this.second = new NormalisedConv(
      scope.child('second'),
      { inputs: planes, outputs: planes, stride: 1 },
      options,
    );
    this.third = new NormalisedConv(scope.child('third'), expanding, plain);
    this.bn = new BatchNorm(scope.child('bn'), outputs, options);
    this.hasInnerSkip = options.skip !== 'single';
    this.stride = stride;
    if (stride === 1 && inputs === outputs) return;
    this.branch = {
      shortcut: new Downsample(scope.child('shortcut'), inputs, outputs, stride, options),
      slope: preluSlope(scope, outputs),
    };
  }

  apply({ map: x }: PendingMap, training: boolean): PendingMap {
    const a = this.first.apply(x, training);
    const b = sumOf(this.second.apply(a, training), this.hasInnerSkip ? a : undefined);
    a.dispose();
    const expanded = this.third.apply(b, training);
    b.dispose();
    const c = this.bn.apply(expanded, training);
    expanded.dispose();
    if (!this.branch) return { map: sumOf(c, x), slope: undefined };
    const shortcut = this.shortcutOf(x, this.branch.shortcut, training);
    const y = addPrelu(c, shortcut, this.branch.slope);
    c.dispose();
    shortcut.dispose();
    return { map: y, slope: undefined };
  }

  private shortcutOf(x: Tensor4D, shortcut: Downsample, training: boolean): Tensor4D {
    const y = shortcut.apply(x, training);
    if (this.stride > 1) return y;
    const smoothed = averagePool(y, smoothing);
    y.dispose();
    return smoothed;
  }
}
