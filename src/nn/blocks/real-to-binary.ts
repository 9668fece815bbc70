import { add, type Tensor4D } from '@tensorflow/tfjs-core';
import { prelu } from '../../ops/prelu.js';
import { GatedConv } from '../gated-conv.js';
import { NormalisedSign } from '../normalised-sign.js';
import { preluSlope } from '../prelu-slope.js';
import type { BlockDefinition } from './definition.js';
import { fusedResidual } from './fused-residual.js';

/**
 * The block of Real-to-Binary (Martinez et al. 2020), which has the PReLU before the sum:
 *
 *   y = PReLU(A · binaryConv(sign(BN(x)))) + shortcut(x)
 *
 * A is the attention, 1 without one; the paper's is `gate`.
 *
 * sign(0) = +1, and its gradient is 1 where |BN(x)| ≤ 1. Padding contributes 0. The slopes of the PReLU start
 * at 0.25.
 */
export const realToBinary: BlockDefinition = {
  name: 'realToBinary',
  afterStride: ['conv', 'prelu'],
  make(scope, size, options) {
    const sign = new NormalisedSign(scope, size.inputs, options);
    const conv = new GatedConv(scope, size, options);
    const slope = preluSlope(scope, size.outputs);
    return {
      forward(x, { training, shortcut }) {
        const signs = sign.apply(x, training);
        const y = prelu(conv.apply(signs, training), slope);
        return shortcut ? add<Tensor4D>(y, shortcut) : y;
      },
      fused: fusedResidual({ sign, conv, slope, activates: 'beforeSum' }, options),
    };
  },
};
