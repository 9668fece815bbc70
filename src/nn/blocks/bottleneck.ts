import { add, type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import { averagePool } from '../../ops/pooling.js';
import { addPrelu } from '../../ops/prelu.js';
import { noAttention } from '../attention/registry.js';
import { BatchNorm } from '../batch-norm.js';
import { Downsample } from '../downsample.js';
import { GatedConv, type GatedConvSize } from '../gated-conv.js';
import { NormalisedSign } from '../normalised-sign.js';
import type { Scope } from '../parameters.js';
import { preluSlope } from '../prelu-slope.js';
import type { Block, BlockOptions, BlockSize } from './block.js';

/** The size of a bottleneck. */
export interface BottleneckSize extends BlockSize {
  /** The channels of its 3×3 convolution; a ResNet's are a quarter of its outputs. */
  readonly planes: number;
}

/**
 * A bottleneck of three binary convolutions, 1×1 with the block's stride, 3×3 and 1×1:
 *
 *   a = conv₁(sign(BN₁(x)))              planes channels
 *   b = A · conv₂(sign(BN₂(a))) + a      planes channels
 *   c = BN₄(conv₃(sign(BN₃(b))))         outputs channels
 *   y = c + x                            where the shape stays,
 *   y = PReLU(c + branch(x))             where it changes
 *
 * The branch is in full precision: {@link Downsample} where the stride is above 1, else 1×1 convolution → BN
 * → average pooling 3×3 of stride 1, whose windows count only positions inside the map. With a single skip b
 * is without a. A is the attention, 1 without one, and sees BN₂(a). Only the 3×3 convolution may have an
 * attention and groups.
 *
 * sign(0) = +1, and its gradient is 1 where |BN(x)| ≤ 1. Padding contributes 0. The slopes of the PReLU start
 * at 0.25.
 *
 * It is the bottleneck of a ResNet (He et al. 2016) with the operations in the order of the block `binary`,
 * and with a skip around the convolution that keeps its shape (Bi-Real Net, Liu et al. 2018). The stride is
 * in the first convolution, so that a has the shape of conv₂'s output; the full-precision `ResidualBlock` has
 * it in the 3×3 one.
 */
export function bottleneck(scope: Scope, size: BottleneckSize, options: BlockOptions = {}): Block {
  const { inputs, outputs, stride, planes } = size;
  const plain = { ...options, attention: noAttention, groups: 1 };
  const reduce = normalisedConv(scope.child('first'), { inputs, outputs: planes, stride, window: 1 }, plain);
  const convolve = normalisedConv(
    scope.child('second'),
    { inputs: planes, outputs: planes, stride: 1 },
    options,
  );
  const expand = normalisedConv(
    scope.child('third'),
    { inputs: planes, outputs, stride: 1, window: 1 },
    plain,
  );
  const bn = new BatchNorm(scope.child('bn'), outputs, options);
  const hasInnerSkip = options.skip !== 'single';
  const changesShape = stride !== 1 || inputs !== outputs;
  const branch = changesShape
    ? { of: branchOf(scope, size, options), slope: preluSlope(scope, outputs) }
    : undefined;
  return {
    forward(x, { training }) {
      const a = reduce(x, training);
      const convolved = convolve(a, training);
      const b = hasInnerSkip ? add<Tensor4D>(convolved, a) : convolved;
      const c = tidy(() => bn.apply(expand(b, training), training));
      if (!branch) return add(c, x);
      return addPrelu(c, branch.of(x, training), branch.slope);
    },
  };
}

/** What `afterStride` is in a `BlockDefinition`. */
export const bottleneckAfterStride: readonly string[] = ['first.conv', 'second', 'third', 'bn', 'prelu'];

type Layer = (x: Tensor4D, training: boolean) => Tensor4D;

/** BN → sign → convolution · attention. */
function normalisedConv(scope: Scope, size: GatedConvSize, options: BlockOptions): Layer {
  const sign = new NormalisedSign(scope, size.inputs, options);
  const conv = new GatedConv(scope, size, options);
  return (x, training) => tidy(() => conv.apply(sign.apply(x, training), training));
}

/** The mean of the 3×3 positions around each position, of those inside the map. */
const smoothing = { window: 3, stride: 1, pad: 1, countPadding: false } as const;

function branchOf(scope: Scope, { inputs, outputs, stride }: BottleneckSize, options: BlockOptions): Layer {
  const downsample = new Downsample(scope.child('shortcut'), inputs, outputs, stride, options);
  if (stride > 1) return (x, training) => downsample.apply(x, training);
  return (x, training) => tidy(() => averagePool(downsample.apply(x, training), smoothing));
}
