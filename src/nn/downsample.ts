import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { convNormPool } from '../ops/conv-norm-pool.js';
import { averagePool } from '../ops/pooling.js';
import { BatchNorm, type BatchNormOptions } from './batch-norm.js';
import { Conv2d } from './conv2d.js';
import type { Scope } from './parameters.js';

/**
 * The full-precision shortcut of a block that changes its shape, version 1: 1×1 convolution → BatchNorm → average pooling
 * 2×2 (the pooling only where the block's stride is 2).
 */
export class Downsample {
  private readonly conv: Conv2d;
  private readonly bn: BatchNorm;

  constructor(
    scope: Scope,
    inputs: number,
    outputs: number,
    private readonly stride: number,
    batchNorm: BatchNormOptions = {},
  ) {
    this.conv = new Conv2d(scope.child('conv'), { inputs, outputs, window: 1 }, { stride: 1, pad: 0 });
    this.bn = new BatchNorm(scope.child('bn'), outputs, batchNorm);
  }

  /**
   * @param x position-major [H, W, N, inputs]
   * @param mean the mean of each channel of x where it is known, which spares measuring it in training
   */
  apply(x: Tensor4D, training: boolean, mean?: Tensor1D): Tensor4D {
    const { stride } = this;
    if (training && stride > 1 && x.shape[0] % stride === 0 && x.shape[1] % stride === 0) {
      const { epsilon, running } = this.bn;
      return convNormPool(x, { filter: this.conv.filter, affine: this.bn, epsilon, mean, running }, stride);
    }
    return this.composed(x, training);
  }

  private composed(x: Tensor4D, training: boolean): Tensor4D {
    const convolved = this.conv.apply(x);
    const normalised = this.bn.apply(convolved, training);
    convolved.dispose();
    if (this.stride === 1) return normalised;
    const pooled = averagePool(normalised, {
      window: this.stride,
      stride: this.stride,
      pad: 0,
      countPadding: false,
    });
    normalised.dispose();
    return pooled;
  }
}
