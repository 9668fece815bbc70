/**
 * `bnn-distill/losses`: the losses, their weighted sum, the terms that a run can have, and losses of one's own.
 *
 * It imports TensorFlow.js and nothing else: no native addon, no ONNX Runtime, no module of Node.js. So it also works in
 * a browser bundle.
 */
export { attentionMatching } from '../losses/attention-matching.js';
export { centerLoss } from '../losses/center-loss.js';
export { featureMatching } from '../losses/feature-matching.js';
export { klDivergence, type KlDivergenceOptions } from '../losses/kl-divergence.js';
export { labelRefinery } from '../losses/label-refinery.js';
export {
  labelSmoothedCrossEntropy,
  type LabelSmoothingOptions,
} from '../losses/label-smoothed-cross-entropy.js';
export {
  defaultLosses,
  type LossName,
  type LossOptions,
  type LossSetting,
  lossSettings,
  parseLossFlag,
  type DefaultLossSetting,
} from '../losses/loss-settings.js';
export { type LossTerm, type WeightedSum, weightedSum } from '../losses/weighted-sum.js';
export { distributionLoss } from '../losses/distribution-loss.js';
export { isWeighed, type LossWeight, lossWeightAt } from '../losses/loss-weight.js';
export {
  defineLoss,
  type Loss,
  type LossDefinition,
  type LossInput,
  type LossNeed,
  type LossOptionSpecs,
  type LossState,
  type LossStateFactory,
  type LossStateSize,
} from '../losses/loss.js';
export type { LossOption, NumberRange, OptionValues } from '../losses/loss-options.js';
export { type LossOptionRow, type LossRow, lossTable } from '../losses/loss-table.js';
export { type MapPair, meanOverPairs } from '../losses/map-pairs.js';
export { registerLoss } from '../losses/registry.js';
export { Centers } from '../losses/centers.js';
