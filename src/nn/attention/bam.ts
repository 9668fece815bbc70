import { relu, type Rank, type Tensor4D, zeros } from '@tensorflow/tfjs-core';
import { prelu } from '../../ops/prelu.js';
import { BatchNorm, type BatchNormOptions } from '../batch-norm.js';
import type { BlockSize } from '../blocks/block.js';
import { Conv2d } from '../conv2d.js';
import type { Scope } from '../parameters.js';
import type { AttentionDefinition, AttentionInput, ChannelAttention } from './attention.js';
import { Dense, reduced } from './dense.js';
import { DilatedConv2d } from './dilated-conv2d.js';
import type { FactoredFactors } from './factors.js';
import { strided } from './map-parts.js';

const reduction = 16;
const dilation = 4;

/**
 * The bottleneck attention module (Park et al. 2018), A = 1 + σ(M_c · M_s):
 *
 *   M_c = W₂ ReLU(W₁ mean),  M_s = conv1×1(ReLU(BN(dilated₂(ReLU(BN(dilated₁(ReLU(BN(conv1×1(x)))))))))
 *
 * W₁ and the first convolution reduce to a 16th of the inputs, at least 1 channel; the two 3×3 convolutions
 * have dilation 4. The factors are averaged over the stride. As in the authors' code M_c and M_s are
 * multiplied; the paper adds them.
 */
export class Bam implements ChannelAttention {
  private readonly squeeze: Dense;
  private readonly excite: Dense;
  private readonly reduce: Conv2d;
  private readonly dilated: readonly DilatedConv2d[];
  private readonly norms: readonly BatchNorm[];
  private readonly last: DilatedConv2d;
  private readonly stride: number;

  constructor(scope: Scope, { inputs, outputs, stride }: BlockSize, batchNorm: BatchNormOptions = {}) {
    const hidden = reduced(inputs, reduction);
    this.squeeze = new Dense(scope.child('fc1'), inputs, hidden);
    this.excite = new Dense(scope.child('fc2'), hidden, outputs);
    this.reduce = new Conv2d(
      scope.child('conv0'),
      { inputs, outputs: hidden, window: 1 },
      { stride: 1, pad: 0 },
    );
    this.dilated = [1, 2].map(
      (i) =>
        new DilatedConv2d(scope.child(`conv${i}`), { inputs: hidden, outputs: hidden, window: 3 }, dilation),
    );
    this.norms = [0, 1, 2].map((i) => new BatchNorm(scope.child(`bn${i}`), hidden, batchNorm));
    this.last = new DilatedConv2d(scope.child('conv3'), { inputs: hidden, outputs: 1, window: 1 });
    this.stride = stride;
  }

  apply({ projection }: AttentionInput, training: boolean): FactoredFactors {
    const { mean, map } = projection(this.reduce.filter);
    const channels = this.excite.apply(relu(this.squeeze.apply(mean)));
    const [first, ...rest] = this.norms;
    // A ReLU. With one channel a bit for each element would cost more than the map.
    const flat = zeros<Rank.R1>(first.gamma.shape);
    const activated = (norm: BatchNorm, x: Tensor4D): Tensor4D => prelu(norm.apply(x, training), flat);
    let x = activated(first, map);
    rest.forEach((norm, i) => {
      x = activated(norm, this.dilated[i].apply(x));
    });
    return { positions: strided(this.last.apply(x), this.stride), channels, form: 'excitation' };
  }
}

/** {@link Bam} as recipes name it. */
export const bam: AttentionDefinition = {
  name: 'bam',
  make: (scope, size, batchNorm) => new Bam(scope, size, batchNorm),
};
