import { add, concat, max, relu, sigmoid, type Tensor2D, type Tensor4D } from '@tensorflow/tfjs-core';
import { BatchNorm, type BatchNormOptions } from '../batch-norm.js';
import type { BinaryBlockSize } from '../binary-block.js';
import { Conv2d } from '../conv2d.js';
import type { Scope } from '../parameters.js';
import type { AttentionInput, ChannelAttention } from './attention.js';
import { Dense, reduced } from './dense.js';
import { channelMean, positionMax, positionsTimesChannels, strided } from './map-parts.js';

const reduction = 16;

/**
 * The convolutional block attention module (Woo et al. 2018): A = channels × positions,
 *
 *   channels = σ(MLP(mean) + MLP(max)),  positions = σ(BN(conv7×7([max over channels; mean over channels])))
 *
 * The factors of the positions are averaged over the stride, with what is there of the last window.
 */
export class Cbam implements ChannelAttention {
  private readonly squeeze: Dense;
  private readonly excite: Dense;
  private readonly conv: Conv2d;
  private readonly bn: BatchNorm;
  private readonly stride: number;

  constructor(scope: Scope, { inputs, outputs, stride }: BinaryBlockSize, batchNorm: BatchNormOptions = {}) {
    const hidden = reduced(inputs, reduction);
    this.squeeze = new Dense(scope.child('fc1'), inputs, hidden);
    this.excite = new Dense(scope.child('fc2'), hidden, outputs);
    this.conv = new Conv2d(scope.child('conv'), { inputs: 2, outputs: 1, window: 7 }, { stride: 1, pad: 3 });
    this.bn = new BatchNorm(scope.child('bn'), 1, batchNorm);
    this.stride = stride;
  }

  apply({ map, mean }: AttentionInput, training: boolean): Tensor4D {
    const x = map();
    const mlp = (v: Tensor2D): Tensor2D => this.excite.apply(relu(this.squeeze.apply(v)));
    const channels = sigmoid<Tensor2D>(add(mlp(mean()), mlp(positionMax(x))));
    const pair = concat<Tensor4D>([max(x, 3, true), channelMean(x)], 3);
    const positions = sigmoid(this.bn.apply(this.conv.apply(pair), training));
    return positionsTimesChannels(strided(positions, this.stride), channels);
  }
}
