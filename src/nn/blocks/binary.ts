import { addPrelu, prelu } from '../../ops/prelu.js';
import { GatedConv } from '../gated-conv.js';
import { NormalisedSign } from '../normalised-sign.js';
import { preluSlope } from '../prelu-slope.js';
import type { BlockDefinition } from './definition.js';
import { fusedResidual } from './fused-residual.js';

/**
 * The default block, a binary 3×3 convolution with a skip of its own:
 *
 *   y = PReLU(A · binaryConv(sign(BN(x))) + shortcut(x))
 *
 * A is the attention, 1 without one. Two of these blocks replace a basic block of a ResNet, so that every
 * binary convolution is skipped, as in Bi-Real Net (Liu et al. 2018). BatchNorm comes first, as in XNOR-Net
 * (Rastegari et al. 2016), and a PReLU after the sum.
 *
 * sign(0) = +1, and its gradient is 1 where |BN(x)| ≤ 1. Padding contributes 0. The slopes of the PReLU start
 * at 0.25. `NormalisedSign` and `BinaryConv2d` say what stages of training that leave operands in floats
 * compute instead; names and shapes of the parameters stay the same.
 */
export const binary: BlockDefinition = {
  name: 'binary',
  afterStride: ['conv', 'prelu'],
  make(scope, size, options) {
    const sign = new NormalisedSign(scope, size.inputs, options);
    const conv = new GatedConv(scope, size, options);
    const slope = preluSlope(scope, size.outputs);
    return {
      forward(x, { training, shortcut }) {
        const signs = sign.apply(x, training);
        const y = conv.apply(signs, training);
        return shortcut ? addPrelu(y, shortcut, slope) : prelu(y, slope);
      },
      fused: fusedResidual({ sign, conv, slope, activates: 'afterSum' }, options),
    };
  },
};
