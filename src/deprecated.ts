/**
 * The names of 0.1 that have moved to an entrance of their own. They stay importable from `bnn-distill` until 0.3;
 * docs/migrating.md lists them. To remove them, delete this file and its line in index.ts.
 */
export {
  /** @deprecated Import it from `bnn-distill/losses`. */
  type LossName,
  /** @deprecated Import it from `bnn-distill/losses`. */
  type LossOptions,
  /** @deprecated Import it from `bnn-distill/losses`. */
  type LossSetting,
  /** @deprecated Import it from `bnn-distill/losses`. */
  type LossWeight,
  /** @deprecated Import it from `bnn-distill/losses`. */
  defaultLosses,
  /** @deprecated Import it from `bnn-distill/losses`. */
  isWeighed,
  /** @deprecated Import it from `bnn-distill/losses`. */
  lossSettings,
  /** @deprecated Import it from `bnn-distill/losses`. */
  lossWeightAt,
  /** @deprecated Import it from `bnn-distill/losses`. */
  parseLossFlag,
  /** @deprecated Import it from `bnn-distill/losses`. */
  Centers,
} from './entrances/losses.js';

export {
  /** @deprecated Import it from `bnn-distill/nn`. */
  type Activation,
  /** @deprecated Import it from `bnn-distill/nn`. */
  ActivationObserver,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type ActivationRecord,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type AffineParameters,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type AnyNetworkOptions,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type AttentionFactory,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type AttentionInput,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type AveragePoolGeometry,
  /** @deprecated Import it from `bnn-distill/nn`. */
  Bam,
  /** @deprecated Import it from `bnn-distill/nn`. */
  BatchNorm,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type BatchNormOptions,
  /** @deprecated Import it from `bnn-distill/nn`. */
  BinaryConv2d,
  /** @deprecated Import it from `bnn-distill/nn`. */
  BinaryLinear,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type BinaryLinearOptions,
  /** @deprecated Import it from `bnn-distill/nn`. */
  BinaryResNet,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type BinaryResNetOptions,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type Block,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type BlockFactory,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type BottleneckSize,
  /** @deprecated Import it from `bnn-distill/nn`. */
  Cbam,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type ChannelAttention,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type ChannelStatistics,
  /** @deprecated Import it from `bnn-distill/nn`. */
  Conv2d,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type ConvGeometry,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type ConvSize,
  /** @deprecated Import it from `bnn-distill/nn`. */
  Downsample,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type EndLayer,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type FactorForm,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type FactoredFactors,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type Factors,
  /** @deprecated Import it from `bnn-distill/nn`. */
  GateDecorator,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type GateParameters,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type Initialisation,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type LayerCost,
  /** @deprecated Import it from `bnn-distill/nn`. */
  Linear,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type MapPools,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type MapProjection,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type MovingStatistics,
  /** @deprecated Import it from `bnn-distill/nn`. */
  Network,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type NetworkCost,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type NetworkOptions,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type NetworkOutput,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type NormResidualOptions,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type Normalisation,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type Parameter,
  /** @deprecated Import it from `bnn-distill/nn`. */
  ParameterStore,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type PoolGeometry,
  /** @deprecated Import it from `bnn-distill/nn`. */
  RealToBinaryGate,
  /** @deprecated Import it from `bnn-distill/nn`. */
  ResNet,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type ResNetDepth,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type ResNetOptions,
  /** @deprecated Import it from `bnn-distill/nn`. */
  Scope,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type ShiftedPreluParameters,
  /** @deprecated Import it from `bnn-distill/nn`. */
  SignGradient,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type SignGradientName,
  /** @deprecated Import it from `bnn-distill/nn`. */
  SqueezeExcite,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type StateBuffer,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type Structure,
  /** @deprecated Import it from `bnn-distill/nn`. */
  VggSmall,
  /** @deprecated Import it from `bnn-distill/nn`. */
  type VggSmallOptions,
  /** @deprecated Import it from `bnn-distill/nn`. */
  activationNames,
  /** @deprecated Import it from `bnn-distill/nn`. */
  activationRecord,
  /** @deprecated Import it from `bnn-distill/nn`. */
  addPrelu,
  /** @deprecated Import it from `bnn-distill/nn`. */
  approxSign,
  /** @deprecated Import it from `bnn-distill/nn`. */
  attentionNames,
  /** @deprecated Import it from `bnn-distill/nn`. */
  averagePool,
  /** @deprecated Import it from `bnn-distill/nn`. */
  batchNormActivation,
  /** @deprecated Import it from `bnn-distill/nn`. */
  batchNormActivationInference,
  /** @deprecated Import it from `bnn-distill/nn`. */
  batchNormClamp,
  /** @deprecated Import it from `bnn-distill/nn`. */
  batchNormClampInference,
  /** @deprecated Import it from `bnn-distill/nn`. */
  batchNormInference,
  /** @deprecated Import it from `bnn-distill/nn`. */
  batchNormResidual,
  /** @deprecated Import it from `bnn-distill/nn`. */
  batchNormResidualInference,
  /** @deprecated Import it from `bnn-distill/nn`. */
  batchNormSign,
  /** @deprecated Import it from `bnn-distill/nn`. */
  batchNormSignInference,
  /** @deprecated Import it from `bnn-distill/nn`. */
  batchNormTraining,
  /** @deprecated Import it from `bnn-distill/nn`. */
  binaryConv2d,
  /** @deprecated Import it from `bnn-distill/nn`. */
  binaryFilterConv2d,
  /** @deprecated Import it from `bnn-distill/nn`. */
  binaryInputConv2d,
  /** @deprecated Import it from `bnn-distill/nn`. */
  binaryResNetDepths,
  /** @deprecated Import it from `bnn-distill/nn`. */
  channelGate,
  /** @deprecated Import it from `bnn-distill/nn`. */
  channelStatistics,
  /** @deprecated Import it from `bnn-distill/nn`. */
  checkedStructure,
  /** @deprecated Import it from `bnn-distill/nn`. */
  conv2d,
  /** @deprecated Import it from `bnn-distill/nn`. */
  createNetwork,
  /** @deprecated Import it from `bnn-distill/nn`. */
  createStudent,
  /** @deprecated Import it from `bnn-distill/nn`. */
  decoratorGate,
  /** @deprecated Import it from `bnn-distill/nn`. */
  defaultStructure,
  /** @deprecated Import it from `bnn-distill/nn`. */
  dilatedConv2d,
  /** @deprecated Import it from `bnn-distill/nn`. */
  edeSharpness,
  /** @deprecated Import it from `bnn-distill/nn`. */
  edeSign,
  /** @deprecated Import it from `bnn-distill/nn`. */
  endLayerNames,
  /** @deprecated Import it from `bnn-distill/nn`. */
  factoredGate,
  /** @deprecated Import it from `bnn-distill/nn`. */
  fullPrecisionNames,
  /** @deprecated Import it from `bnn-distill/nn`. */
  globalMean,
  /** @deprecated Import it from `bnn-distill/nn`. */
  hardClamp,
  /** @deprecated Import it from `bnn-distill/nn`. */
  leakyClip,
  /** @deprecated Import it from `bnn-distill/nn`. */
  mapPools,
  /** @deprecated Import it from `bnn-distill/nn`. */
  mapProjection,
  /** @deprecated Import it from `bnn-distill/nn`. */
  maxPool,
  /** @deprecated Import it from `bnn-distill/nn`. */
  networkCost,
  /** @deprecated Import it from `bnn-distill/nn`. */
  networkNames,
  /** @deprecated Import it from `bnn-distill/nn`. */
  normalisedMean,
  /** @deprecated Import it from `bnn-distill/nn`. */
  positionPools,
  /** @deprecated Import it from `bnn-distill/nn`. */
  prelu,
  /** @deprecated Import it from `bnn-distill/nn`. */
  registerAttention,
  /** @deprecated Import it from `bnn-distill/nn`. */
  registerBlock,
  /** @deprecated Import it from `bnn-distill/nn`. */
  resNetDepths,
  /** @deprecated Import it from `bnn-distill/nn`. */
  shiftedPrelu,
  /** @deprecated Import it from `bnn-distill/nn`. */
  shiftedSign,
  /** @deprecated Import it from `bnn-distill/nn`. */
  shiftedSignInference,
  /** @deprecated Import it from `bnn-distill/nn`. */
  sigmoid,
  /** @deprecated Import it from `bnn-distill/nn`. */
  signGradientNames,
  /** @deprecated Import it from `bnn-distill/nn`. */
  signSte,
  /** @deprecated Import it from `bnn-distill/nn`. */
  studentNames,
  /** @deprecated Import it from `bnn-distill/nn`. */
  takeOver,
  /** @deprecated Import it from `bnn-distill/nn`. */
  toBatchMajor,
  /** @deprecated Import it from `bnn-distill/nn`. */
  toPositionMajor,
} from './entrances/nn.js';

export {
  /** @deprecated Import it from `bnn-distill/teacher`. */
  EnsembleTeacher,
  /** @deprecated Import it from `bnn-distill/teacher`. */
  type ExportSettings,
  /** @deprecated Import it from `bnn-distill/teacher`. */
  type ExportedTeacher,
  /** @deprecated Import it from `bnn-distill/teacher`. */
  type ModelDescription,
  /** @deprecated Import it from `bnn-distill/teacher`. */
  type ModelFacts,
  /** @deprecated Import it from `bnn-distill/teacher`. */
  OnnxTeacher,
  /** @deprecated Import it from `bnn-distill/teacher`. */
  type OnnxTeacherOptions,
  /** @deprecated Import it from `bnn-distill/teacher`. */
  type Tap,
  /** @deprecated Import it from `bnn-distill/teacher`. */
  type TargetSource,
  /** @deprecated Import it from `bnn-distill/teacher`. */
  type TeacherCard,
  /** @deprecated Import it from `bnn-distill/teacher`. */
  type TeacherFacts,
  /** @deprecated Import it from `bnn-distill/teacher`. */
  type TeacherTargets,
  /** @deprecated Import it from `bnn-distill/teacher`. */
  TeacherThread,
  /** @deprecated Import it from `bnn-distill/teacher`. */
  checkClasses,
  /** @deprecated Import it from `bnn-distill/teacher`. */
  describeModel,
  /** @deprecated Import it from `bnn-distill/teacher`. */
  exportTeacher,
  /** @deprecated Import it from `bnn-distill/teacher`. */
  loadCard,
  /** @deprecated Import it from `bnn-distill/teacher`. */
  mixTargets,
  /** @deprecated Import it from `bnn-distill/teacher`. */
  StudentTeacher,
} from './entrances/teacher.js';

export {
  /** @deprecated Import it from `bnn-distill/data`. */
  type Augmentation,
  /** @deprecated Import it from `bnn-distill/data`. */
  type AutoAugmentName,
  /** @deprecated Import it from `bnn-distill/data`. */
  type Batch,
  /** @deprecated Import it from `bnn-distill/data`. */
  type BatchOptions,
  /** @deprecated Import it from `bnn-distill/data`. */
  type Batches,
  /** @deprecated Import it from `bnn-distill/data`. */
  type Box,
  /** @deprecated Import it from `bnn-distill/data`. */
  type ColorJitter,
  /** @deprecated Import it from `bnn-distill/data`. */
  type DataKind,
  /** @deprecated Import it from `bnn-distill/data`. */
  type Dataset,
  /** @deprecated Import it from `bnn-distill/data`. */
  type DrawnEffects,
  /** @deprecated Import it from `bnn-distill/data`. */
  type DrawnJitter,
  /** @deprecated Import it from `bnn-distill/data`. */
  type DrawnPolicy,
  /** @deprecated Import it from `bnn-distill/data`. */
  type Effects,
  /** @deprecated Import it from `bnn-distill/data`. */
  type EvaluationBatches,
  /** @deprecated Import it from `bnn-distill/data`. */
  type FileDataset,
  /** @deprecated Import it from `bnn-distill/data`. */
  type ImageFiles,
  /** @deprecated Import it from `bnn-distill/data`. */
  type ImageResize,
  /** @deprecated Import it from `bnn-distill/data`. */
  type LoadDataOptions,
  /** @deprecated Import it from `bnn-distill/data`. */
  type MixPlace,
  /** @deprecated Import it from `bnn-distill/data`. */
  type MixSettings,
  /** @deprecated Import it from `bnn-distill/data`. */
  type Mixing,
  /** @deprecated Import it from `bnn-distill/data`. */
  type OperationName,
  /** @deprecated Import it from `bnn-distill/data`. */
  type PixelDataset,
  /** @deprecated Import it from `bnn-distill/data`. */
  type PolicyName,
  /** @deprecated Import it from `bnn-distill/data`. */
  type PolicyStep,
  /** @deprecated Import it from `bnn-distill/data`. */
  type Purpose,
  /** @deprecated Import it from `bnn-distill/data`. */
  RandomStream,
  /** @deprecated Import it from `bnn-distill/data`. */
  type ResizedCrop,
  /** @deprecated Import it from `bnn-distill/data`. */
  type Split,
  /** @deprecated Import it from `bnn-distill/data`. */
  type StreamKey,
  /** @deprecated Import it from `bnn-distill/data`. */
  type SubPolicy,
  /** @deprecated Import it from `bnn-distill/data`. */
  type ViewParameters,
  /** @deprecated Import it from `bnn-distill/data`. */
  type Window,
  /** @deprecated Import it from `bnn-distill/data`. */
  addLighting,
  /** @deprecated Import it from `bnn-distill/data`. */
  applyJitter,
  /** @deprecated Import it from `bnn-distill/data`. */
  applyOperation,
  /** @deprecated Import it from `bnn-distill/data`. */
  applyPolicy,
  /** @deprecated Import it from `bnn-distill/data`. */
  autoAugmentNames,
  /** @deprecated Import it from `bnn-distill/data`. */
  batchesOf,
  /** @deprecated Import it from `bnn-distill/data`. */
  checkAugmentation,
  /** @deprecated Import it from `bnn-distill/data`. */
  checkMix,
  /** @deprecated Import it from `bnn-distill/data`. */
  cropAndFlip,
  /** @deprecated Import it from `bnn-distill/data`. */
  drawAugmentation,
  /** @deprecated Import it from `bnn-distill/data`. */
  drawJitter,
  /** @deprecated Import it from `bnn-distill/data`. */
  drawLighting,
  /** @deprecated Import it from `bnn-distill/data`. */
  drawMixing,
  /** @deprecated Import it from `bnn-distill/data`. */
  drawPolicy,
  /** @deprecated Import it from `bnn-distill/data`. */
  drawResizedCrop,
  /** @deprecated Import it from `bnn-distill/data`. */
  evaluationBatches,
  /** @deprecated Import it from `bnn-distill/data`. */
  firstRows,
  /** @deprecated Import it from `bnn-distill/data`. */
  imagenetJitter,
  /** @deprecated Import it from `bnn-distill/data`. */
  inceptionCrop,
  /** @deprecated Import it from `bnn-distill/data`. */
  lightingShift,
  /** @deprecated Import it from `bnn-distill/data`. */
  loadDataset,
  /** @deprecated Import it from `bnn-distill/data`. */
  loadImageFolder,
  /** @deprecated Import it from `bnn-distill/data`. */
  makeBatch,
  /** @deprecated Import it from `bnn-distill/data`. */
  mixBatch,
  /** @deprecated Import it from `bnn-distill/data`. */
  noAugmentation,
  /** @deprecated Import it from `bnn-distill/data`. */
  noMix,
  /** @deprecated Import it from `bnn-distill/data`. */
  operationValue,
  /** @deprecated Import it from `bnn-distill/data`. */
  policies,
  /** @deprecated Import it from `bnn-distill/data`. */
  purposes,
  /** @deprecated Import it from `bnn-distill/data`. */
  registerDataKind,
  /** @deprecated Import it from `bnn-distill/data`. */
  resizedCropAndFlip,
  /** @deprecated Import it from `bnn-distill/data`. */
  resizedTo,
  /** @deprecated Import it from `bnn-distill/data`. */
  rotateBilinear,
  /** @deprecated Import it from `bnn-distill/data`. */
  shiftHue,
  /** @deprecated Import it from `bnn-distill/data`. */
  trainingAugmentation,
  /** @deprecated Import it from `bnn-distill/data`. */
  viewBatch,
  /** @deprecated Import it from `bnn-distill/data`. */
  withTestResize,
} from './entrances/data.js';

export {
  /** @deprecated Import it from `bnn-distill/cache`. */
  type CacheChoices,
  /** @deprecated Import it from `bnn-distill/cache`. */
  type CacheContents,
  /** @deprecated Import it from `bnn-distill/cache`. */
  type CacheEvent,
  /** @deprecated Import it from `bnn-distill/cache`. */
  type CacheSettings,
  /** @deprecated Import it from `bnn-distill/cache`. */
  type CacheSummary,
  /** @deprecated Import it from `bnn-distill/cache`. */
  CacheWriter,
  /** @deprecated Import it from `bnn-distill/cache`. */
  CachedTeacher,
  /** @deprecated Import it from `bnn-distill/cache`. */
  type CachedTeacherOptions,
  /** @deprecated Import it from `bnn-distill/cache`. */
  FillingTeacher,
  /** @deprecated Import it from `bnn-distill/cache`. */
  type Manifest,
  /** @deprecated Import it from `bnn-distill/cache`. */
  type MergedCache,
  /** @deprecated Import it from `bnn-distill/cache`. */
  type VerifiedCache,
  /** @deprecated Import it from `bnn-distill/cache`. */
  type WriteParts,
  /** @deprecated Import it from `bnn-distill/cache`. */
  type WriteProgress,
  /** @deprecated Import it from `bnn-distill/cache`. */
  defaultCacheSettings,
  /** @deprecated Import it from `bnn-distill/cache`. */
  makeCache,
  /** @deprecated Import it from `bnn-distill/cache`. */
  mergeCaches,
  /** @deprecated Import it from `bnn-distill/cache`. */
  newIdentity,
  /** @deprecated Import it from `bnn-distill/cache`. */
  orderedByIndex,
  /** @deprecated Import it from `bnn-distill/cache`. */
  readManifest,
  /** @deprecated Import it from `bnn-distill/cache`. */
  verifyCache,
  /** @deprecated Import it from `bnn-distill/cache`. */
  writeCache,
} from './entrances/cache.js';

export {
  /** @deprecated Import it from `bnn-distill/training`. */
  AccuracyCounter,
  /** @deprecated Import it from `bnn-distill/training`. */
  Adam,
  /** @deprecated Import it from `bnn-distill/training`. */
  type AdamOptions,
  /** @deprecated Import it from `bnn-distill/training`. */
  AdamW,
  /** @deprecated Import it from `bnn-distill/training`. */
  type AveragedTensors,
  /** @deprecated Import it from `bnn-distill/training`. */
  Bop,
  /** @deprecated Import it from `bnn-distill/training`. */
  type BopOptions,
  /** @deprecated Import it from `bnn-distill/training`. */
  Connectors,
  /** @deprecated Import it from `bnn-distill/training`. */
  type CourseName,
  /** @deprecated Import it from `bnn-distill/training`. */
  type DecayOptions,
  /** @deprecated Import it from `bnn-distill/training`. */
  type GradientSettings,
  /** @deprecated Import it from `bnn-distill/training`. */
  type GradientSteps,
  /** @deprecated Import it from `bnn-distill/training`. */
  type LayerRecord,
  /** @deprecated Import it from `bnn-distill/training`. */
  LayerStatistics,
  /** @deprecated Import it from `bnn-distill/training`. */
  type LevelPair,
  /** @deprecated Import it from `bnn-distill/training`. */
  type Optimizer,
  /** @deprecated Import it from `bnn-distill/training`. */
  type OptimizerName,
  /** @deprecated Import it from `bnn-distill/training`. */
  type OptimizerSettings,
  /** @deprecated Import it from `bnn-distill/training`. */
  type PartMemory,
  /** @deprecated Import it from `bnn-distill/training`. */
  SGD,
  /** @deprecated Import it from `bnn-distill/training`. */
  type SGDOptions,
  /** @deprecated Import it from `bnn-distill/training`. */
  type Schedule,
  /** @deprecated Import it from `bnn-distill/training`. */
  type ScheduleSettings,
  /** @deprecated Import it from `bnn-distill/training`. */
  type ScheduleStage,
  /** @deprecated Import it from `bnn-distill/training`. */
  type ScheduleUnit,
  /** @deprecated Import it from `bnn-distill/training`. */
  type StatisticsImages,
  /** @deprecated Import it from `bnn-distill/training`. */
  type StepMemory,
  /** @deprecated Import it from `bnn-distill/training`. */
  type StepReport,
  /** @deprecated Import it from `bnn-distill/training`. */
  type StepScheduleOptions,
  /** @deprecated Import it from `bnn-distill/training`. */
  Trainer,
  /** @deprecated Import it from `bnn-distill/training`. */
  type TrainerMix,
  /** @deprecated Import it from `bnn-distill/training`. */
  type TrainerParts,
  /** @deprecated Import it from `bnn-distill/training`. */
  type WarmupOptions,
  /** @deprecated Import it from `bnn-distill/training`. */
  WeightAverage,
  /** @deprecated Import it from `bnn-distill/training`. */
  type WeightAverageOptions,
  /** @deprecated Import it from `bnn-distill/training`. */
  backpropagate,
  /** @deprecated Import it from `bnn-distill/training`. */
  centralised,
  /** @deprecated Import it from `bnn-distill/training`. */
  constantSchedule,
  /** @deprecated Import it from `bnn-distill/training`. */
  cosineSchedule,
  /** @deprecated Import it from `bnn-distill/training`. */
  courseNames,
  /** @deprecated Import it from `bnn-distill/training`. */
  createOptimizer,
  /** @deprecated Import it from `bnn-distill/training`. */
  createSchedule,
  /** @deprecated Import it from `bnn-distill/training`. */
  flipRatio,
  /** @deprecated Import it from `bnn-distill/training`. */
  globalNorm,
  /** @deprecated Import it from `bnn-distill/training`. */
  gradientSteps,
  /** @deprecated Import it from `bnn-distill/training`. */
  linearSchedule,
  /** @deprecated Import it from `bnn-distill/training`. */
  optimizerNames,
  /** @deprecated Import it from `bnn-distill/training`. */
  pairLevels,
  /** @deprecated Import it from `bnn-distill/training`. */
  reestimateBatchNorm,
  /** @deprecated Import it from `bnn-distill/training`. */
  stepMemory,
  /** @deprecated Import it from `bnn-distill/training`. */
  stepSchedule,
  /** @deprecated Import it from `bnn-distill/training`. */
  withWarmup,
} from './entrances/training.js';

export {
  /** @deprecated Import `ImageFiles` from `bnn-distill/data`. */
  type ImageFiles as PictureFiles,
  /** @deprecated Import `ImageResize` from `bnn-distill/data`. */
  type ImageResize as PictureResize,
} from './entrances/data.js';

export {
  /** @deprecated Import `StatisticsImages` from `bnn-distill/training`. */
  type StatisticsImages as StatisticsPictures,
} from './entrances/training.js';

export {
  /** @deprecated Import `distill` from `bnn-distill`. */
  distill as distil,
} from './run/run.js';

export {
  /** @deprecated Import `Loss` from `bnn-distill/losses`. */
  type Loss as CustomLoss,
} from './entrances/losses.js';

export {
  /** @deprecated Import `BinaryOperands` from `bnn-distill/nn`. */
  type BinaryOperands as Binarise,
  /** @deprecated Import `BlockOptions` from `bnn-distill/nn`. */
  type BlockOptions as BinaryBlockOptions,
  /** @deprecated Import `BlockSize` from `bnn-distill/nn`. */
  type BlockSize as BinaryBlockSize,
  /** @deprecated Import `binaryOperandNames` from `bnn-distill/nn`. */
  binaryOperandNames as binariseNames,
  /** @deprecated Import `blockNames` from `bnn-distill/nn`. */
  blockNames as orderNames,
} from './entrances/nn.js';

export {
  /** @deprecated Make it with `createBlock` of `bnn-distill/nn`. */
  BinaryBlock,
  /** @deprecated Make it with `bottleneck` of `bnn-distill/nn`. */
  BinaryBottleneck,
  /** @deprecated Write a `Block` of `bnn-distill/nn`. */
  type BlockOrder,
  /** @deprecated Write a `Block` of `bnn-distill/nn`. */
  ComposedBlock,
  /** @deprecated The name of a block is a string. */
  type OrderName,
  /** @deprecated Write a `Block` of `bnn-distill/nn`. */
  type PendingBlock,
} from './nn/blocks/deprecated-blocks.js';
