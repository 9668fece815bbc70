import type { Tensor1D, Tensor4D, Variable } from '@tensorflow/tfjs-core';
import { binaryResidual } from '../ops/binary-residual.js';
import { addPrelu } from '../ops/prelu.js';
import { BatchNorm, type BatchNormOptions } from './batch-norm.js';
import { BinaryConv2d } from './conv2d.js';
import { Downsample } from './downsample.js';
import type { Scope } from './parameters.js';

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
 * The shortcut is the identity, or {@link Downsample} where the shape changes. PReLU slopes start at 0.25. Two of these
 * stand where a ResNet has one basic block, so that every binary convolution is skipped (Bi-Real Net, Liu et al. 2018).
 */
export class BinaryBlock {
  private readonly bn: BatchNorm;
  private readonly conv: BinaryConv2d;
  private readonly slope: Variable & Tensor1D;
  private readonly shortcut: Downsample | undefined;

  constructor(scope: Scope, { inputs, outputs, stride }: BinaryBlockSize, batchNorm: BatchNormOptions = {}) {
    this.bn = new BatchNorm(scope.child('bn'), inputs, batchNorm);
    this.conv = new BinaryConv2d(scope.child('conv'), { inputs, outputs, window: 3 }, { stride, pad: 1 });
    this.slope = scope.child('prelu').parameter('slope', [outputs], { kind: 'constant', value: 0.25 });
    if (stride !== 1 || inputs !== outputs) {
      this.shortcut = new Downsample(scope.child('shortcut'), inputs, outputs, stride, batchNorm);
    }
  }

  /** @param x position-major [H, W, N, inputs] */
  apply(x: Tensor4D, training: boolean): Tensor4D {
    const residual = this.shortcut?.apply(x, training);
    const y = training ? this.trained(x, residual) : this.evaluated(x, residual ?? x);
    residual?.dispose();
    return y;
  }

  private trained(x: Tensor4D, residual: Tensor4D | undefined): Tensor4D {
    const statistics = this.bn.batchStatistics(x);
    const { epsilon } = this.bn;
    const { latent, geometry } = this.conv;
    const operands = { affine: this.bn, statistics, epsilon, latent, slope: this.slope, residual };
    const y = binaryResidual(x, operands, geometry);
    statistics.mean.dispose();
    statistics.variance.dispose();
    return y;
  }

  private evaluated(x: Tensor4D, residual: Tensor4D): Tensor4D {
    const signs = this.bn.sign(x, false);
    const convolved = this.conv.apply(signs);
    signs.dispose();
    const y = addPrelu(convolved, residual, this.slope);
    convolved.dispose();
    return y;
  }
}
