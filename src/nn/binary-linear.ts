import { add, reshape, type Tensor1D, type Tensor2D, tidy, type Variable } from '@tensorflow/tfjs-core';
import { hardClamp } from '../ops/activations.js';
import type { ActivationObserver } from './activation-observer.js';
import {
  type BinaryOperands,
  binaryOperandsOf,
  type BinaryOption,
  hasBinaryActivations,
} from './binary-operands.js';
import { convolutionOf } from './conv2d.js';
import { linearBound } from './linear.js';
import type { Scope } from './parameters.js';
import { SignGradient } from './sign-gradient.js';

/** Settings of a binary dense layer. */
export interface BinaryLinearOptions extends BinaryOption {
  /** How gradients pass the sign of the inputs; default 'ste'. */
  readonly signGradient?: SignGradient;
  /** Records the inputs; default none. */
  readonly activations?: ActivationObserver;
}

/**
 * A dense layer with binary inputs and weights (XNOR-Net, Rastegari et al. 2016), computed as a binary
 * convolution of one position:
 *
 *   y_k = α_k · Σ_c sign(x_c) · sign(latent_ck) + bias_k,  α_k = mean_c |latent_ck|
 *
 * Parameters: `latent` [in, out] and `bias` [out], both uniform in ±1/√in as those of `Linear`, since no
 * BatchNorm follows that would undo the scale. sign(0) = +1. As in a block, `binary` may leave weights in
 * floats (latent itself) or inputs (hardClamp in place of the sign).
 */
export class BinaryLinear {
  readonly latent: Variable & Tensor2D;
  readonly bias: Variable & Tensor1D;
  private readonly binary: BinaryOperands;
  private readonly signGradient: SignGradient;
  private readonly activations: ActivationObserver | undefined;

  constructor(
    private readonly scope: Scope,
    inputs: number,
    outputs: number,
    options: BinaryLinearOptions = {},
  ) {
    const { signGradient = new SignGradient(), activations } = options;
    const fill = { kind: 'uniform', bound: linearBound(inputs) } as const;
    this.latent = scope.parameter('latent', [inputs, outputs], fill, true);
    this.bias = scope.parameter('bias', [outputs], fill);
    this.binary = binaryOperandsOf(options);
    this.signGradient = signGradient;
    this.activations = activations;
  }

  /**
   * @param x [N, in], normalised
   * @returns [N, out]
   */
  apply(x: Tensor2D, training: boolean): Tensor2D {
    if (training) this.activations?.note(this.scope.path, () => x.clone());
    const isSigned = hasBinaryActivations(this.binary);
    return tidy(() => {
      const operand = isSigned ? this.signGradient.signOf(x) : hardClamp(x);
      const [rows, inputs] = x.shape;
      const outputs = this.bias.size;
      const y = convolutionOf(this.binary)(
        reshape(operand, [1, 1, rows, inputs]),
        reshape(this.latent, [1, 1, inputs, outputs]),
        { stride: 1, pad: 0 },
      );
      return add<Tensor2D>(reshape(y, [rows, outputs]), this.bias);
    });
  }
}
