import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Activation } from '../../ops/batch-norm-activation.js';
import { BatchNorm, type BatchNormOptions } from '../batch-norm.js';
import { Conv2d, type ConvSize } from '../conv2d.js';
import type { Scope } from '../parameters.js';
import type { Block, BlockContext, BlockSize } from './block.js';

/** Settings of a full-precision block beside its size. */
export interface ResidualBlockOptions extends BatchNormOptions {
  readonly activation: Activation;
}

/** The size of a full-precision block. */
export interface ResidualBlockSize extends BlockSize {
  /** The channels of a bottleneck's 3×3 convolution; undefined for a basic block. */
  readonly planes?: number | undefined;
}

/** One convolution of a block, padded so that only its stride changes the size. */
export interface BlockConvolution extends ConvSize {
  readonly stride: number;
}

/** The convolutions of a block in order, without that of its shortcut; see {@link ResidualBlock}. */
export function blockConvolutions({
  inputs,
  outputs,
  stride,
  planes,
}: ResidualBlockSize): BlockConvolution[] {
  return planes === undefined
    ? [
        { inputs, outputs, window: 3, stride },
        { inputs: outputs, outputs, window: 3, stride: 1 },
      ]
    : [
        { inputs, outputs: planes, window: 1, stride: 1 },
        { inputs: planes, outputs: planes, window: 3, stride },
        { inputs: planes, outputs, window: 1, stride: 1 },
      ];
}

/**
 * A block of a full-precision ResNet (He et al. 2016) with the activation f. The basic block has two 3×3
 * convolutions, the first with the block's stride:
 *
 *   y = f(BN₂(conv₂(f(BN₁(conv₁(x))))) + shortcut(x))
 *
 * The bottleneck, where `planes` are given, has 1×1, 3×3 and 1×1 convolutions:
 *
 *   y = f(BN₃(conv₃(f(BN₂(conv₂(f(BN₁(conv₁(x)))))))) + shortcut(x))
 *
 * Its 3×3 convolution has the stride, as has become usual: in the paper the first 1×1 convolution has it, and
 * drops three of four positions. The shortcut is the identity, or 1×1 convolution with the stride → BN where
 * the shape changes.
 */
export class ResidualBlock implements Block {
  private readonly layers: readonly ConvNorm[];
  private readonly shortcut: ConvNorm | undefined;
  private readonly activation: Activation;

  constructor(scope: Scope, size: ResidualBlockSize, { activation, ...batchNorm }: ResidualBlockOptions) {
    this.activation = activation;
    this.layers = blockConvolutions(size).map((convolution, i) =>
      convNorm(scope.child(`conv${i + 1}`), scope.child(`bn${i + 1}`), convolution, batchNorm),
    );
    const { inputs, outputs, stride } = size;
    if (stride === 1 && inputs === outputs) return;
    const place = scope.child('shortcut');
    const projection = { inputs, outputs, window: 1, stride };
    this.shortcut = convNorm(place.child('conv'), place.child('bn'), projection, batchNorm);
  }

  /** @param x position-major [H, W, N, inputs] */
  forward(x: Tensor4D, { training }: BlockContext): Tensor4D {
    let y = x;
    for (const [i, { conv, bn }] of this.layers.entries()) {
      const convolved = conv.apply(y);
      if (y !== x) y.dispose();
      const isLast = i === this.layers.length - 1;
      const projected = isLast ? this.projected(x, training) : undefined;
      y = bn.activate(convolved, training, this.activation, isLast ? (projected ?? x) : undefined);
      convolved.dispose();
      projected?.dispose();
    }
    return y;
  }

  private projected(x: Tensor4D, training: boolean): Tensor4D | undefined {
    if (!this.shortcut) return undefined;
    const { conv, bn } = this.shortcut;
    const convolved = conv.apply(x);
    const normalised = bn.apply(convolved, training);
    convolved.dispose();
    return normalised;
  }
}

interface ConvNorm {
  readonly conv: Conv2d;
  readonly bn: BatchNorm;
}

function convNorm(
  convPlace: Scope,
  bnPlace: Scope,
  { stride, ...size }: BlockConvolution,
  batchNorm: BatchNormOptions,
): ConvNorm {
  return {
    conv: new Conv2d(convPlace, size, { stride, pad: (size.window - 1) / 2 }),
    bn: new BatchNorm(bnPlace, size.outputs, batchNorm),
  };
}
