import { relu, sigmoid, type Tensor2D } from '@tensorflow/tfjs-core';
import type { BinaryBlockSize } from '../binary-block.js';
import type { SqueezeExciteWeights } from '../../ops/squeeze-excite.js';
import type { Scope } from '../parameters.js';
import type { AttentionInput, ChannelAttention } from './attention.js';
import { Dense, reduced } from './dense.js';

/**
 * Squeeze and excite (Hu et al. 2018): A = σ(W₂ ReLU(W₁ m)), m the mean of each channel, W₁ to a 16th of the inputs, no
 * bias. The last layer gives the channels of the convolution's output.
 */
export class SqueezeExcite implements ChannelAttention {
  private readonly squeeze: Dense;
  private readonly excite: Dense;

  constructor(scope: Scope, { inputs, outputs }: BinaryBlockSize, reduction = 16) {
    const hidden = reduced(inputs, reduction);
    this.squeeze = new Dense(scope.child('fc1'), inputs, hidden);
    this.excite = new Dense(scope.child('fc2'), hidden, outputs);
  }

  /** Its weights, for the operation in which a block does it all. */
  get weights(): SqueezeExciteWeights {
    return { squeeze: this.squeeze.weight, excite: this.excite.weight };
  }

  apply({ mean }: AttentionInput): Tensor2D {
    return sigmoid(this.excite.apply(relu(this.squeeze.apply(mean()))));
  }
}
