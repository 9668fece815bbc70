import { relu, sigmoid, type Tensor2D } from '@tensorflow/tfjs-core';
import type { BlockSize } from '../blocks/block.js';
import type { SqueezeExciteWeights } from '../../ops/squeeze-excite.js';
import type { Scope } from '../parameters.js';
import type { AttentionDefinition, AttentionInput, ChannelAttention } from './attention.js';
import { Dense, reduced } from './dense.js';

/**
 * Squeeze and excite (Hu et al. 2018), from the mean m of each channel:
 *
 *   A = σ(W₂ ReLU(W₁ m))
 *
 * W₁ reduces to a 16th of the inputs, at least 1 channel; W₂ gives the channels of the convolution's output.
 * There is no bias.
 */
export class SqueezeExcite implements ChannelAttention {
  private readonly squeeze: Dense;
  private readonly excite: Dense;

  constructor(scope: Scope, { inputs, outputs }: BlockSize, reduction = 16) {
    const hidden = reduced(inputs, reduction);
    this.squeeze = new Dense(scope.child('fc1'), inputs, hidden);
    this.excite = new Dense(scope.child('fc2'), hidden, outputs);
  }

  get squeezeExcite(): SqueezeExciteWeights {
    return { squeeze: this.squeeze.weight, excite: this.excite.weight };
  }

  apply({ mean }: AttentionInput): Tensor2D {
    return sigmoid(this.excite.apply(relu(this.squeeze.apply(mean()))));
  }
}

/** {@link SqueezeExcite} as recipes name it. */
export const squeezeExcite: AttentionDefinition = {
  name: 'se',
  make: (scope, size) => new SqueezeExcite(scope, size),
};
