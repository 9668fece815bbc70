/**
 * bnn-distill: knowledge distillation from full-precision teachers to binary (1-bit) students.
 *
 * Everything that a user of the library may import, and nothing else.
 */
export { InputError, RunError } from './errors.js';
export { type BackendName, backendNames, type BackendOptions, useBackend } from './backends/use-backend.js';

export { attentionMatching } from './losses/attention-matching.js';
export { centerLoss } from './losses/center-loss.js';
export { featureMatching } from './losses/feature-matching.js';
export { klDivergence, type KlDivergenceOptions } from './losses/kl-divergence.js';
export { labelRefinery } from './losses/label-refinery.js';
export { labelSmoothedCrossEntropy } from './losses/label-smoothed-cross-entropy.js';
export {
  defaultLosses,
  type LossName,
  type LossOptions,
  type LossSetting,
  lossSettings,
  parseLossFlag,
} from './losses/loss-settings.js';
export { type LossTerm, type WeightedSum, weightedSum } from './losses/weighted-sum.js';

export { approxSign, edeSign, hardClamp, leakyClip, signSte } from './ops/activations.js';
export {
  type AffineParameters,
  batchNormClamp,
  batchNormClampInference,
  batchNormInference,
  batchNormSign,
  batchNormSignInference,
  batchNormTraining,
} from './ops/batch-norm.js';
export {
  type Activation,
  activationNames,
  batchNormActivation,
  batchNormActivationInference,
} from './ops/batch-norm-activation.js';
export {
  batchNormResidual,
  batchNormResidualInference,
  type NormResidualOptions,
} from './ops/batch-norm-residual.js';
export { type ChannelStatistics, channelStatistics } from './ops/channel-statistics.js';
export { binaryConv2d } from './ops/binary-conv2d.js';
export { conv2d, type ConvGeometry } from './ops/conv2d.js';
export { binaryFilterConv2d, binaryInputConv2d } from './ops/half-binary-conv2d.js';
export {
  averagePool,
  type AveragePoolGeometry,
  globalMean,
  maxPool,
  type PoolGeometry,
} from './ops/pooling.js';
export { toBatchMajor, toPositionMajor } from './ops/position-major.js';
export { addPrelu, prelu } from './ops/prelu.js';
export { channelGate } from './ops/channel-gate.js';
export { decoratorGate, type GateParameters } from './ops/decorator-gate.js';
export { dilatedConv2d } from './ops/dilated-conv2d.js';
export { factoredGate, type FactorForm } from './ops/factored-gate.js';
export { mapPools, type MapPools, positionPools } from './ops/map-pools.js';
export { mapProjection, type MapProjection } from './ops/map-projection.js';
export type { Normalisation } from './ops/normalisation.js';
export { sigmoid } from './ops/sigmoid.js';
export { normalisedMean } from './ops/normalised-mean.js';
export { shiftedPrelu, type ShiftedPreluParameters } from './ops/shifted-prelu.js';
export { shiftedSign, shiftedSignInference } from './ops/shifted-sign.js';

export { BatchNorm, type BatchNormOptions } from './nn/batch-norm.js';
export { binaryOperandNames, type BinaryOperands, type BinaryOption } from './nn/binary-operands.js';
export {
  type Block,
  type BlockContext,
  type BlockFactory,
  type BlockOptions,
  type BlockSize,
  type SkipName,
  skipNames,
} from './nn/blocks/block.js';
export { bottleneck, type BottleneckSize } from './nn/blocks/bottleneck.js';
export { blockNames, createBlock, registerBlock } from './nn/blocks/registry.js';
export { BinaryConv2d, Conv2d, type ConvSize } from './nn/conv2d.js';
export { BinaryLinear, type BinaryLinearOptions } from './nn/binary-linear.js';
export { Downsample } from './nn/downsample.js';
export { type EndLayer, endLayerNames } from './nn/end-layers.js';
export { Linear } from './nn/linear.js';
export { edeSharpness, SignGradient, type SignGradientName, signGradientNames } from './nn/sign-gradient.js';
export {
  type Initialisation,
  type MovingStatistics,
  type Parameter,
  ParameterStore,
  Scope,
  type StateBuffer,
} from './nn/parameters.js';
export type { AttentionFactory, AttentionInput, ChannelAttention } from './nn/attention/attention.js';
export { attentionNames, registerAttention } from './nn/attention/registry.js';
export type { FactoredFactors, Factors } from './nn/attention/factors.js';
export { Bam } from './nn/attention/bam.js';
export { Cbam } from './nn/attention/cbam.js';
export { GateDecorator } from './nn/attention/gate-decorator.js';
export { RealToBinaryGate } from './nn/attention/real-to-binary-gate.js';
export { SqueezeExcite } from './nn/attention/squeeze-excite.js';
export { checkedStructure, defaultStructure, type Structure } from './models/structure.js';
export { BinaryResNet, type BinaryResNetOptions } from './models/bnn-resnet.js';
export {
  type AnyNetworkOptions,
  createNetwork,
  createStudent,
  fullPrecisionNames,
  networkNames,
  studentNames,
} from './models/create-network.js';
export { Network, type NetworkOptions, type NetworkOutput } from './models/network.js';
export { type ResNetDepth, binaryResNetDepths, resNetDepths } from './models/depths.js';
export { ResNet, type ResNetOptions } from './models/resnet.js';
export { VggSmall, type VggSmallOptions } from './models/vgg-small.js';
export { takeOver } from './models/take-over.js';
export { type ExportedTeacher, exportTeacher, type ExportSettings } from './export/export-teacher.js';

export type { Batch } from './data/batch.js';
export {
  type Augmentation,
  checkAugmentation,
  cropAndFlip,
  drawAugmentation,
  noAugmentation,
  resizedCropAndFlip,
  trainingAugmentation,
  type ViewParameters,
} from './data/augmentation.js';
export {
  type OperationName,
  policies,
  type PolicyName,
  type PolicyStep,
  type SubPolicy,
} from './data/augmentation-policies.js';
export {
  applyOperation,
  applyPolicy,
  type DrawnPolicy,
  drawPolicy,
  operationValue,
} from './data/auto-augment.js';
export { type Batches, batchesOf, type BatchOptions, makeBatch, viewBatch } from './data/batches.js';
export { type EvaluationBatches, evaluationBatches } from './data/evaluation-batches.js';
export {
  applyJitter,
  type ColorJitter,
  type DrawnJitter,
  drawJitter,
  imagenetJitter,
  shiftHue,
} from './data/color-jitter.js';
export { type DataKind, loadDataset, registerDataKind } from './data/data-spec.js';
export {
  type Dataset,
  type FileDataset,
  firstRows,
  type ImageResize,
  type PixelDataset,
  resizedTo,
  type Split,
  withTestResize,
} from './data/dataset.js';
export { type LoadDataOptions, loadImageFolder } from './data/image-folder.js';
export { addLighting, drawLighting, lightingShift } from './data/lighting.js';
export {
  type Box,
  checkMix,
  drawMixing,
  type Mixing,
  type MixPlace,
  type MixSettings,
  noMix,
} from './data/mix.js';
export { mixBatch } from './data/mix-batch.js';
export { rotateBilinear } from './data/image-geometry.js';
export { type ImageFiles } from './data/image-files.js';
export { drawResizedCrop, inceptionCrop, type ResizedCrop, type Window } from './data/resized-crop.js';

export { type Purpose, purposes, RandomStream, type StreamKey } from './data/random.js';
export {
  type AutoAugmentName,
  autoAugmentNames,
  type DrawnEffects,
  type Effects,
} from './data/view-effects.js';

export { loadCard, type TeacherCard } from './teacher/card.js';
export { checkClasses } from './teacher/classes.js';
export { describeModel, type ModelDescription } from './teacher/describe-model.js';
export { EnsembleTeacher } from './teacher/ensemble.js';
export { mixTargets } from './teacher/mix-targets.js';
export { OnnxTeacher, type OnnxTeacherOptions } from './teacher/onnx-teacher.js';
export { type LiveTeacher, openTeacher } from './teacher/open-teacher.js';
export type { Tap, TargetSource, TeacherTargets } from './teacher/targets.js';

export type { ModelFacts, TeacherFacts } from './teacher/teacher-facts.js';
export { TeacherThread } from './teacher/teacher-thread.js';

export { CachedTeacher, type CachedTeacherOptions } from './cache/cached-teacher.js';
export { CacheWriter } from './cache/cache-writer.js';
export type { CacheContents } from './cache/columns.js';
export { FillingTeacher } from './cache/filling-teacher.js';
export { type Manifest, readManifest } from './cache/manifest.js';
export { mergeCaches, type MergedCache } from './cache/merge-caches.js';
export { type CacheChoices, newIdentity } from './cache/new-identity.js';
export { orderedByIndex } from './cache/ordered-rows.js';
export { type VerifiedCache, verifyCache } from './cache/verify-cache.js';
export { writeCache, type WriteParts, type WriteProgress } from './cache/write-cache.js';

export { type Accuracy, AccuracyCounter, formatShare, top1Percent } from './evaluation/accuracy.js';
export { backpropagate } from './training/backpropagation.js';
export {
  type CheckpointFacts,
  type LoadedStudent,
  type LoadOptions,
  loadStudent,
  saveStudent,
} from './models/checkpoint.js';
export { evaluateModel, type EvaluateModelSettings } from './evaluation/evaluate-model.js';
export { evaluateStudent, evaluateTeacher, type EvaluationOptions } from './evaluation/evaluate.js';
export { Connectors, type LevelPair, pairLevels } from './training/level-pairs.js';
export {
  type CacheEvent,
  type CacheSettings,
  type CacheSummary,
  defaultCacheSettings,
  makeCache,
} from './run/make-cache.js';
export {
  centralised,
  globalNorm,
  type GradientSettings,
  type GradientSteps,
  gradientSteps,
} from './optim/gradient-steps.js';
export {
  createOptimizer,
  type OptimizerName,
  optimizerNames,
  type OptimizerSettings,
} from './optim/optimizers/create-optimizer.js';
export type { Optimizer } from './optim/optimizer.js';
export { Adam, type AdamOptions } from './optim/optimizers/adam.js';
export { AdamW, type AdamWOptions } from './optim/optimizers/adamw.js';
export { Bop, type BopOptions } from './optim/optimizers/bop.js';
export { SGD, type SGDOptions } from './optim/optimizers/sgd.js';
export { reestimateBatchNorm, type StatisticsImages } from './evaluation/reestimate-batch-norm.js';
export { type LayerCost, type NetworkCost, networkCost } from './models/network-cost.js';
export { type PartMemory, type StepMemory, stepMemory } from './evaluation/step-memory.js';
export { checkRecipe, checkRunnable } from './recipe/check-recipe.js';
export { defaultRecipe, defaultStage } from './recipe/default-recipe.js';
export { builtInRecipes } from './recipe/recipe-file.js';
export type { LossTermSettings, Recipe, Stage, StudentSettings } from './recipe/recipe.js';
export {
  type FlagSetting,
  type RecipeSources,
  resolveRecipe,
  type ResolvedRecipe,
} from './recipe/resolve-recipe.js';
export { toYaml } from './recipe/to-yaml.js';
export {
  defineLoss,
  type Loss,
  type Loss as CustomLoss,
  type LossDefinition,
  type LossInput,
  type LossNeed,
  type LossOptionSpecs,
  type LossState,
  type LossStateFactory,
  type LossStateSize,
} from './losses/loss.js';
export type { LossOption, NumberRange, OptionValues } from './losses/loss-options.js';
export { type LossOptionRow, type LossRow, lossTable } from './losses/loss-table.js';
export { type MapPair, meanOverPairs } from './losses/map-pairs.js';
export { registerLoss } from './losses/registry.js';
export { distributionLoss } from './losses/distribution-loss.js';
export { isWeighed, type LossWeight, lossWeightAt } from './losses/loss-weight.js';
export { NonFiniteLoss } from './training/non-finite.js';
export { distil, distill, type RunOptions } from './run/run.js';
export { type ResumableRun, resume, type ResumeOptions } from './run/resume.js';
export type { EpochReport, RunEvent, RunSummary, StageSummary } from './run/run-events.js';
export { Centers } from './losses/centers.js';
export { flipRatio, type LayerRecord, LayerStatistics } from './training/layer-statistics.js';
export { ActivationObserver, type ActivationRecord, activationRecord } from './nn/activation-observer.js';
export type { StageTitle } from './run/stage-title.js';
export { StudentTeacher } from './teacher/student-teacher.js';
export {
  type CourseName,
  courseNames,
  createSchedule,
  type ScheduleName,
  scheduleNames,
  type ScheduleSettings,
} from './optim/schedules/create-schedule.js';
export type { Schedule, ScheduleStage, ScheduleUnit } from './optim/schedule.js';
export { constantSchedule } from './optim/schedules/constant.js';
export { cosineSchedule } from './optim/schedules/cosine.js';
export { linearSchedule } from './optim/schedules/linear.js';
export type { DecayOptions } from './optim/schedules/schedule-arguments.js';
export { stepSchedule, type StepScheduleOptions } from './optim/schedules/step.js';
export { type WarmupOptions, withWarmup } from './optim/schedules/warmup.js';
export type { TrainerMix } from './training/batch-mixer.js';
export { type StepReport, Trainer, type TrainerParts } from './training/trainer.js';
export { type AveragedTensors, WeightAverage, type WeightAverageOptions } from './training/weight-average.js';

// Names of before 0.2, which are kept until 0.3.
export {
  binaryOperandNames as binariseNames,
  type BinaryOperands as Binarise,
} from './nn/binary-operands.js';
export type { BlockOptions as BinaryBlockOptions, BlockSize as BinaryBlockSize } from './nn/blocks/block.js';
export {
  BinaryBlock,
  BinaryBottleneck,
  type BlockOrder,
  ComposedBlock,
  type OrderName,
  type PendingBlock,
} from './nn/blocks/deprecated-blocks.js';
export { blockNames as orderNames } from './nn/blocks/registry.js';
