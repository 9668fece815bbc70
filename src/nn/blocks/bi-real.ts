import { BatchNorm } from '../batch-norm.js';
import { GatedConv } from '../gated-conv.js';
import { ShiftedSign } from '../shifted-sign.js';
import type { BlockDefinition } from './definition.js';

/**
 * The block of Bi-Real Net (Liu et al. 2018), which has no activation but the sign:
 *
 *   y = BN(A · binaryConv(sign(x))) + shortcut(x)
 *
 * A is the attention, 1 without one; the paper has none.
 *
 * sign(0) = +1, and its gradient is 1 where |x| ≤ 1; the paper's own gradient is `approxSign`. Padding
 * contributes 0. The buffer `sign.shift` stays 0.
 */
export const biReal: BlockDefinition = {
  name: 'biReal',
  afterStride: ['conv', 'bn'],
  make(scope, size, options) {
    const sign = new ShiftedSign(scope, size.inputs, false, options);
    const conv = new GatedConv(scope, size, options);
    const bn = new BatchNorm(scope.child('bn'), size.outputs, options);
    return {
      forward(x, { training, shortcut }) {
        const signs = sign.apply(x, training);
        const y = conv.apply(signs, training);
        return bn.withResidual(y, training, { residual: shortcut });
      },
    };
  },
};
