import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { batchNormClamp } from '../ops/batch-norm.js';
import { inferenceInput, normalisedInput } from './attention/attention-input.js';
import { BatchNorm } from './batch-norm.js';
import { binaryOperandsOf, hasBinaryActivations } from './binary-operands.js';
import type { BlockOptions } from './blocks/block.js';
import type { ConvOperand } from './gated-conv.js';
import type { Scope } from './parameters.js';
import { SignGradient } from './sign-gradient.js';

/**
 * What comes before the convolution in a block that normalises first: sign(BN(x)), or hardClamp(BN(x)) where
 * activations are not binary. sign(0) = +1. An attention sees BN(x).
 *
 * The gradient of hardClamp has the mask |BN(x)| ≤ 1 of the straight-through estimator, so that BatchNorm
 * learns under the same mask in every stage of training.
 *
 * Parameters: those of the BatchNorm `bn`.
 */
export class NormalisedSign {
  readonly bn: BatchNorm;
  private readonly layer: string;
  private readonly isSigned: boolean;
  private readonly signGradient: SignGradient;
  private readonly activations: BlockOptions['activations'];

  /** @param scope the block's; its convolution is `conv` */
  constructor(scope: Scope, channels: number, options: BlockOptions) {
    const { signGradient = new SignGradient(), activations } = options;
    this.bn = new BatchNorm(scope.child('bn'), channels, options);
    this.layer = scope.child('conv').path;
    this.isSigned = hasBinaryActivations(binaryOperandsOf(options));
    this.signGradient = signGradient;
    this.activations = activations;
  }

  /** @param x position-major [H, W, N, channels]; the call is within a `tidy` */
  apply(x: Tensor4D, training: boolean): ConvOperand {
    const { bn, isSigned } = this;
    if (!training)
      return { operand: isSigned ? bn.sign(x, false) : bn.clamp(x, false), seen: inferenceInput(x, bn) };
    this.note(x);
    // The sign and the attention read the same BatchNorm, so its statistics are taken once.
    const statistics = bn.batchStatistics(x);
    const operand = isSigned
      ? this.signGradient.signWith(bn, x, statistics)
      : batchNormClamp(x, bn, statistics, bn.epsilon);
    return { operand, seen: normalisedInput(x, bn, statistics) };
  }

  /** Shows BN(x), or BN(PReLU(x)) with a slope, to the observer of activations. */
  note(x: Tensor4D, slope?: Tensor1D): void {
    this.activations?.note(this.layer, () => this.bn.look(x, slope));
  }
}
