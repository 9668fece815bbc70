import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Activation } from '../ops/batch-norm-activation.js';
import { BatchNorm, type BatchNormOptions } from './batch-norm.js';
import type { BinaryBlockSize } from './binary-block.js';
import { Conv2d } from './conv2d.js';
import type { Scope } from './parameters.js';

/** Settings of a full-precision block beside its size. */
export interface ResidualBlockOptions extends BatchNormOptions {
  readonly activation: Activation;
}

/**
 * The basic block of a full-precision ResNet (He et al. 2016), f being its activation:
 *
 *   y = f(BN₂(conv₂(f(BN₁(conv₁(x))))) + shortcut(x))
 *
 * Both convolutions are 3×3, the first one has the block's stride. The shortcut is the identity, or 1×1 convolution with the
 * stride → BN where the shape changes.
 */
export class ResidualBlock {
  private readonly conv1: Conv2d;
  private readonly bn1: BatchNorm;
  private readonly conv2: Conv2d;
  private readonly bn2: BatchNorm;
  private readonly shortcut: { readonly conv: Conv2d; readonly bn: BatchNorm } | undefined;
  private readonly activation: Activation;

  constructor(
    scope: Scope,
    { inputs, outputs, stride }: BinaryBlockSize,
    { activation, ...batchNorm }: ResidualBlockOptions,
  ) {
    this.activation = activation;
    this.conv1 = new Conv2d(scope.child('conv1'), { inputs, outputs, window: 3 }, { stride, pad: 1 });
    this.bn1 = new BatchNorm(scope.child('bn1'), outputs, batchNorm);
    this.conv2 = new Conv2d(
      scope.child('conv2'),
      { inputs: outputs, outputs, window: 3 },
      { stride: 1, pad: 1 },
    );
    this.bn2 = new BatchNorm(scope.child('bn2'), outputs, batchNorm);
    if (stride === 1 && inputs === outputs) return;
    const place = scope.child('shortcut');
    this.shortcut = {
      conv: new Conv2d(place.child('conv'), { inputs, outputs, window: 1 }, { stride, pad: 0 }),
      bn: new BatchNorm(place.child('bn'), outputs, batchNorm),
    };
  }

  /** @param x position-major [H, W, N, inputs] */
  apply(x: Tensor4D, training: boolean): Tensor4D {
    const first = this.conv1.apply(x);
    const inner = this.bn1.activate(first, training, this.activation);
    first.dispose();
    const second = this.conv2.apply(inner);
    inner.dispose();
    const residual = this.residual(x, training);
    const y = this.bn2.activate(second, training, this.activation, residual ?? x);
    second.dispose();
    residual?.dispose();
    return y;
  }

  private residual(x: Tensor4D, training: boolean): Tensor4D | undefined {
    if (!this.shortcut) return undefined;
    const { conv, bn } = this.shortcut;
    const convolved = conv.apply(x);
    const normalised = bn.apply(convolved, training);
    convolved.dispose();
    return normalised;
  }
}
