/**
 * `bnn-distill/nn`: operations with their gradients, layers, blocks, attentions and networks, and blocks and attentions
 * of one's own.
 */
export { approxSign, edeSign, hardClamp, leakyClip, signSte } from '../ops/activations.js';
export {
  type AffineParameters,
  batchNormClamp,
  batchNormClampInference,
  batchNormInference,
  batchNormSign,
  batchNormSignInference,
  batchNormTraining,
} from '../ops/batch-norm.js';
export {
  type Activation,
  activationNames,
  batchNormActivation,
  batchNormActivationInference,
  type NormActivationOptions,
} from '../ops/batch-norm-activation.js';
export {
  batchNormResidual,
  batchNormResidualInference,
  type NormResidualOptions,
} from '../ops/batch-norm-residual.js';
export {
  type ChannelStatistics,
  channelStatistics,
  type RunningStatistics,
  type StatisticsOptions,
} from '../ops/channel-statistics.js';
export { binaryConv2d } from '../ops/binary-conv2d.js';
export { conv2d, type ConvGeometry } from '../ops/conv2d.js';
export { binaryFilterConv2d, binaryInputConv2d } from '../ops/half-binary-conv2d.js';
export {
  averagePool,
  type AveragePoolGeometry,
  globalMean,
  maxPool,
  type PoolGeometry,
} from '../ops/pooling.js';
export { toBatchMajor, toPositionMajor } from '../ops/position-major.js';
export { addPrelu, prelu } from '../ops/prelu.js';
export { channelGate } from '../ops/channel-gate.js';
export { decoratorGate, type GateParameters } from '../ops/decorator-gate.js';
export { dilatedConv2d } from '../ops/dilated-conv2d.js';
export { factoredGate, type FactorForm } from '../ops/factored-gate.js';
export { mapPools, type MapPools, positionPools } from '../ops/map-pools.js';
export { mapProjection, type MapProjection } from '../ops/map-projection.js';
export type { Normalisation } from '../ops/normalisation.js';
export { sigmoid } from '../ops/sigmoid.js';
export { normalisedMean } from '../ops/normalised-mean.js';
export { shiftedPrelu, type ShiftedPreluParameters } from '../ops/shifted-prelu.js';
export { shiftedSign, shiftedSignInference } from '../ops/shifted-sign.js';
export { BatchNorm, type BatchNormOptions } from '../nn/batch-norm.js';
export { binaryOperandNames, type BinaryOperands, type BinaryOption } from '../nn/binary-operands.js';
export {
  type Block,
  type BlockContext,
  type BlockFactory,
  type BlockOptions,
  type BlockSize,
  type SkipName,
  skipNames,
} from '../nn/blocks/block.js';
export { bottleneck, type BottleneckSize } from '../nn/blocks/bottleneck.js';
export { blockNames, createBlock, registerBlock } from '../nn/blocks/registry.js';
export { BinaryConv2d, Conv2d, type ConvSize } from '../nn/conv2d.js';
export { BinaryLinear, type BinaryLinearOptions } from '../nn/binary-linear.js';
export { Downsample, type DownsampleName, type DownsampleOptions } from '../nn/downsample.js';
export { type EndLayer, endLayerNames } from '../nn/end-layers.js';
export { Linear } from '../nn/linear.js';
export { edeSharpness, SignGradient, type SignGradientName, signGradientNames } from '../nn/sign-gradient.js';
export {
  type Initialisation,
  type MovingStatistics,
  type Parameter,
  ParameterStore,
  Scope,
  type StateBuffer,
} from '../nn/parameters.js';
export type { AttentionFactory, AttentionInput, ChannelAttention } from '../nn/attention/attention.js';
export { attentionNames, registerAttention } from '../nn/attention/registry.js';
export type { FactoredFactors, Factors } from '../nn/attention/factors.js';
export { Bam } from '../nn/attention/bam.js';
export { Cbam } from '../nn/attention/cbam.js';
export { GateDecorator } from '../nn/attention/gate-decorator.js';
export { RealToBinaryGate } from '../nn/attention/real-to-binary-gate.js';
export { SqueezeExcite } from '../nn/attention/squeeze-excite.js';
export { checkedStructure, defaultStructure, type Structure } from '../models/structure.js';
export { BinaryResNet, type BinaryResNetOptions } from '../models/bnn-resnet.js';
export {
  type AnyNetworkOptions,
  createNetwork,
  createStudent,
  fullPrecisionNames,
  networkNames,
  studentNames,
} from '../models/create-network.js';
export { Network, type NetworkOptions, type NetworkOutput } from '../models/network.js';
export { type ResNetDepth, binaryResNetDepths, resNetDepths, type ResNetName } from '../models/depths.js';
export { ResNet, type ResNetOptions } from '../models/resnet.js';
export { VggSmall, type VggSmallOptions } from '../models/vgg-small.js';
export { takeOver } from '../models/take-over.js';
export { type LayerCost, type NetworkCost, networkCost } from '../models/network-cost.js';
export { ActivationObserver, type ActivationRecord, activationRecord } from '../nn/activation-observer.js';
export type { SignSlope } from '../ops/sign-slope.js';
export type { SqueezeExciteWeights } from '../ops/squeeze-excite.js';

// Names of 0.1 for what has another form or word now; until 0.3.
export {
  /** @deprecated Use `binaryOperandNames`. */
  binaryOperandNames as binariseNames,
  /** @deprecated Use `BinaryOperands`. */
  type BinaryOperands as Binarise,
} from '../nn/binary-operands.js';
export type {
  /** @deprecated Use `BlockOptions`. */
  BlockOptions as BinaryBlockOptions,
  /** @deprecated Use `BlockSize`. */
  BlockSize as BinaryBlockSize,
} from '../nn/blocks/block.js';
export {
  /** @deprecated Use `createBlock`. */
  BinaryBlock,
  /** @deprecated Use `bottleneck`. */
  BinaryBottleneck,
  type BlockOrder,
  /** @deprecated Use `createBlock`. */
  ComposedBlock,
  type OrderName,
  type PendingBlock,
} from '../nn/blocks/deprecated-blocks.js';
/** @deprecated Of blocks in the form of before 0.2. */
export type { PreActivation } from '../nn/blocks/pre-activation.js';
/** @deprecated Use `blockNames`. */
export { blockNames as orderNames } from '../nn/blocks/registry.js';
