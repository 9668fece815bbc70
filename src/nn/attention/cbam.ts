import { relu, sum, type Tensor2D } from '@tensorflow/tfjs-core';
import { sigmoid } from '../../ops/sigmoid.js';
import { BatchNorm, type BatchNormOptions } from '../batch-norm.js';
import type { BlockSize } from '../blocks/block.js';
import type { Scope } from '../parameters.js';
import type { AttentionDefinition, AttentionInput, ChannelAttention } from './attention.js';
import { Dense, reduced } from './dense.js';
import { DilatedConv2d } from './dilated-conv2d.js';
import type { FactoredFactors } from './factors.js';
import { ofEachRow, strided } from './map-parts.js';

const reduction = 16;

/**
 * The convolutional block attention module (Woo et al. 2018), A = channels · positions:
 *
 *   channels = σ(MLP(mean) + MLP(max)),  positions = σ(BN(conv7×7([max over channels; mean over channels])))
 *
 * The MLP has two layers without bias, with a ReLU between them, and reduces to a 16th of the inputs, at
 * least 1 channel. The factors of the positions are averaged over the stride; the last window counts the
 * positions that are there.
 */
export class Cbam implements ChannelAttention {
  private readonly squeeze: Dense;
  private readonly excite: Dense;
  private readonly conv: DilatedConv2d;
  private readonly bn: BatchNorm;
  private readonly stride: number;

  constructor(scope: Scope, { inputs, outputs, stride }: BlockSize, batchNorm: BatchNormOptions = {}) {
    const hidden = reduced(inputs, reduction);
    this.squeeze = new Dense(scope.child('fc1'), inputs, hidden);
    this.excite = new Dense(scope.child('fc2'), hidden, outputs);
    this.conv = new DilatedConv2d(scope.child('conv'), { inputs: 2, outputs: 1, window: 7 });
    this.bn = new BatchNorm(scope.child('bn'), 1, batchNorm);
    this.stride = stride;
  }

  apply({ pools }: AttentionInput, training: boolean): FactoredFactors {
    const { ofPositions, ofChannels } = pools();
    // The second layer is linear, so it runs once, on the sum of both.
    const hidden = sum<Tensor2D>(
      ofEachRow(ofPositions, (rows) => relu(this.squeeze.apply(rows))),
      0,
    );
    const positions = sigmoid(this.bn.apply(this.conv.apply(ofChannels), training));
    return {
      positions: strided(positions, this.stride),
      channels: sigmoid(this.excite.apply(hidden)),
      form: 'product',
    };
  }
}

/** {@link Cbam} as recipes name it. */
export const cbam: AttentionDefinition = {
  name: 'cbam',
  make: (scope, size, batchNorm) => new Cbam(scope, size, batchNorm),
};
