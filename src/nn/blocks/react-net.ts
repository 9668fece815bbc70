import type { Tensor1D, Variable } from '@tensorflow/tfjs-core';
import { BatchNorm } from '../batch-norm.js';
import { GatedConv } from '../gated-conv.js';
import type { Scope } from '../parameters.js';
import { preluSlope } from '../prelu-slope.js';
import { ShiftedSign } from '../shifted-sign.js';
import type { BlockDefinition } from './definition.js';

/**
 * The block of ReActNet (Liu et al. 2020), which learns shifts before the sign and around the PReLU:
 *
 *   y = RPReLU(BN(A · binaryConv(RSign(x))) + shortcut(x))
 *   RSign(x) = sign(x + shift),  RPReLU(v) = PReLU(v + before) + after
 *
 * A is the attention, 1 without one; the paper has none.
 *
 * All shifts start at 0, the slopes of the PReLU at 0.25. sign(0) = +1, and its gradient is 1 where |x +
 * shift| ≤ 1; the paper's own gradient is `approxSign`. Padding contributes 0.
 */
export const reActNet: BlockDefinition = {
  name: 'reActNet',
  afterStride: ['conv', 'bn', 'prelu'],
  make(scope, size, options) {
    const sign = new ShiftedSign(scope, size.inputs, true, options);
    const conv = new GatedConv(scope, size, options);
    const bn = new BatchNorm(scope.child('bn'), size.outputs, options);
    const before = preluShift(scope, 'before', size.outputs);
    const slope = preluSlope(scope, size.outputs);
    const after = preluShift(scope, 'after', size.outputs);
    return {
      forward(x, { training, shortcut }) {
        const signs = sign.apply(x, training);
        const y = conv.apply(signs, training);
        return bn.withResidual(y, training, { residual: shortcut, prelu: { before, slope, after } });
      },
    };
  },
};

function preluShift(scope: Scope, name: 'before' | 'after', channels: number): Variable & Tensor1D {
  return scope.child('prelu').parameter(name, [channels], { kind: 'constant', value: 0 });
}
