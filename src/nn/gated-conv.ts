import { type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import type { AttentionInput, ChannelAttention } from './attention/attention.js';
import { timesFactors } from './attention/factors.js';
import { attentionFactory, noAttention } from './attention/registry.js';
import { binaryOperandsOf } from './binary-operands.js';
import type { BlockOptions, BlockSize } from './blocks/block.js';
import { BinaryConv2d } from './conv2d.js';
import type { Scope } from './parameters.js';

/** The size of a convolution in a block. */
export interface GatedConvSize extends BlockSize {
  /** The side of its window: odd, and padded so that only the stride changes the size; default 3. */
  readonly window?: number;
}

/** What a {@link GatedConv} takes. */
export interface ConvOperand {
  /** What is convolved: ±1, or floats in [−1, 1]. */
  readonly operand: Tensor4D;
  /** The real-valued map that the attention sees. */
  readonly seen: AttentionInput;
}

/**
 * A binary convolution, times an attention if there is one:
 *
 *   y = binaryConv(operand),  or  y = A(seen) · binaryConv(operand)
 *
 * Parameters: `conv.latent`, and those of the attention below `attention`.
 */
export class GatedConv {
  readonly conv: BinaryConv2d;
  readonly attention: ChannelAttention | undefined;

  constructor(scope: Scope, size: GatedConvSize, options: BlockOptions) {
    const { inputs, outputs, stride, window = 3 } = size;
    const { attention = noAttention, groups = 1 } = options;
    const geometry = { stride, pad: (window - 1) / 2, groups };
    const binary = binaryOperandsOf(options);
    this.conv = new BinaryConv2d(scope.child('conv'), { inputs, outputs, window }, geometry, binary);
    this.attention = attentionFactory(attention)?.(scope.child('attention'), size, options);
  }

  apply({ operand, seen }: ConvOperand, training: boolean): Tensor4D {
    const { conv, attention } = this;
    if (!attention) return conv.apply(operand);
    return tidy(() => timesFactors(conv.apply(operand), attention.apply(seen, training)));
  }
}
