import { add, type Tensor1D, type Tensor4D } from '@tensorflow/tfjs-core';
import { hardClamp } from '../ops/activations.js';
import { shiftedSign, shiftedSignInference } from '../ops/shifted-sign.js';
import { plainInput } from './attention/attention-input.js';
import { binaryOperandsOf, hasBinaryActivations } from './binary-operands.js';
import type { BlockOptions } from './blocks/block.js';
import type { ConvOperand } from './gated-conv.js';
import type { Scope } from './parameters.js';
import { SignGradient } from './sign-gradient.js';

/**
 * What comes before the convolution in a block whose BatchNorm comes after it: sign(x + shift), or
 * hardClamp(x + shift) where activations are not binary. sign(0) = +1. An attention sees x.
 *
 * The shift is one number for each channel, 0 at the start. It is a parameter if it is learned (the RSign of
 * ReActNet, whose threshold is −shift), else a buffer that stays 0. Name: `sign.shift`.
 */
export class ShiftedSign {
  private readonly shift: Tensor1D;
  private readonly layer: string;
  private readonly isSigned: boolean;
  private readonly signGradient: SignGradient;
  private readonly activations: BlockOptions['activations'];

  /** @param scope the block's; its convolution is `conv` */
  constructor(scope: Scope, channels: number, learnsShift: boolean, options: BlockOptions) {
    const { signGradient = new SignGradient(), activations } = options;
    const place = scope.child('sign');
    this.shift = learnsShift
      ? place.parameter<Tensor1D>('shift', [channels], { kind: 'constant', value: 0 })
      : place.buffer<Tensor1D>('shift', [channels], 0);
    this.layer = scope.child('conv').path;
    this.isSigned = hasBinaryActivations(binaryOperandsOf(options));
    this.signGradient = signGradient;
    this.activations = activations;
  }

  /** @param x position-major [H, W, N, channels]; the call is within a `tidy` */
  apply(x: Tensor4D, training: boolean): ConvOperand {
    const { shift } = this;
    if (training) this.activations?.note(this.layer, () => add(x, shift));
    return { operand: this.operand(x, training), seen: plainInput(x) };
  }

  private operand(x: Tensor4D, training: boolean): Tensor4D {
    if (!this.isSigned) return hardClamp(add<Tensor4D>(x, this.shift));
    return training
      ? shiftedSign(x, this.shift, this.signGradient.slope)
      : shiftedSignInference(x, this.shift);
  }
}
