import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { convNormPool } from '../ops/conv-norm-pool.js';
import { type AveragePoolGeometry, averagePool } from '../ops/pooling.js';
import { BatchNorm, type BatchNormOptions } from './batch-norm.js';
import { Conv2d } from './conv2d.js';
import type { Scope } from './parameters.js';

/** The versions of a {@link Downsample}. */
export const downsampleNames = ['v1', 'v2', 'v3'] as const;
export type DownsampleName = (typeof downsampleNames)[number];

/** The default version. */
export const defaultDownsample: DownsampleName = 'v1';

/** Settings of a shortcut: those of its BatchNorm, and its version. */
export interface DownsampleOptions extends BatchNormOptions {
  readonly downsample?: DownsampleName | undefined;
}

/**
 * The full-precision shortcut of a block that changes its shape:
 *
 *   v1: 1×1 convolution → BatchNorm → average pooling 2×2
 *   v2: average pooling 2×2 → 1×1 convolution → BatchNorm
 *   v3: 1×1 convolution → BatchNorm → average pooling 3×3, stride 2, padding 1, which counts as zeros
 *
 * There is no pooling where the block's stride is 1. Convolution and pooling commute, so v1 and v2 differ
 * only in the statistics of the BatchNorm; v2 needs a quarter of the multiplications. On an odd side the last
 * 2×2 window covers the one row or column that is left, so that the shortcut has the size of the block's
 * convolution.
 *
 * Parameters: `conv.filter` and those of the BatchNorm `bn`.
 */
export class Downsample {
  private readonly conv: Conv2d;
  private readonly bn: BatchNorm;
  private readonly version: DownsampleName;

  constructor(
    scope: Scope,
    inputs: number,
    outputs: number,
    private readonly stride: number,
    { downsample = defaultDownsample, ...batchNorm }: DownsampleOptions = {},
  ) {
    this.version = downsample;
    this.conv = new Conv2d(scope.child('conv'), { inputs, outputs, window: 1 }, { stride: 1, pad: 0 });
    this.bn = new BatchNorm(scope.child('bn'), outputs, batchNorm);
  }

  /**
   * @param x position-major [H, W, N, inputs]
   * @param mean the mean of each channel of x if it is known; training then does not measure it again
   */
  apply(x: Tensor4D, training: boolean, mean?: Tensor1D): Tensor4D {
    const { stride, version } = this;
    const isWhole = x.shape[0] % stride === 0 && x.shape[1] % stride === 0;
    if (version === 'v1' && training && stride > 1 && isWhole) {
      const { epsilon, running } = this.bn;
      return convNormPool(x, { filter: this.conv.filter, affine: this.bn, epsilon, mean, running }, stride);
    }
    if (stride === 1) return this.convNorm(x, training);
    if (version === 'v2') {
      const pooled = averagePool(x, this.pooling);
      const y = this.convNorm(pooled, training);
      pooled.dispose();
      return y;
    }
    const normalised = this.convNorm(x, training);
    const y = averagePool(normalised, this.pooling);
    normalised.dispose();
    return y;
  }

  private convNorm(x: Tensor4D, training: boolean): Tensor4D {
    const convolved = this.conv.apply(x);
    const y = this.bn.apply(convolved, training);
    convolved.dispose();
    return y;
  }

  private get pooling(): AveragePoolGeometry {
    const { stride } = this;
    return this.version === 'v3'
      ? { window: 3, stride, pad: 1, countPadding: true }
      : { window: stride, stride, pad: 0, countPadding: false, ceil: true };
  }
}
