/**
 * bnn-distill: knowledge distillation from full-precision teachers to binary (1-bit) students.
 *
 *     import { distill, resolveRecipe } from 'bnn-distill';
 *
 *     const { recipe } = await resolveRecipe({ sets: ['student.name=bnn-resnet20', 'stages[0].teacher=cifar10-resnet20'] });
 *     for await (const event of distill({ ...recipe, data: 'cifar10-sample' })) console.log(event.kind);
 *
 * This entrance has what most users need. The rest has entrances of its own: `bnn-distill/losses`, `/nn`, `/data`,
 * `/teacher`, `/cache` and `/training`.
 */
export { InputError, RunError, type InputErrorOptions } from './errors.js';
export { type BackendName, backendNames, type BackendOptions, useBackend } from './backends/use-backend.js';
export { attentionMatching } from './losses/attention-matching.js';
export { centerLoss } from './losses/center-loss.js';
export { featureMatching } from './losses/feature-matching.js';
export { klDivergence, type KlDivergenceOptions } from './losses/kl-divergence.js';
export { labelRefinery } from './losses/label-refinery.js';
export {
  labelSmoothedCrossEntropy,
  type LabelSmoothingOptions,
} from './losses/label-smoothed-cross-entropy.js';
export { type LossTerm, type WeightedSum, weightedSum } from './losses/weighted-sum.js';
export { type LiveTeacher, openTeacher } from './teacher/open-teacher.js';
export { type Accuracy, formatShare, top1Percent } from './evaluation/accuracy.js';
export {
  type CheckpointFacts,
  type LoadedStudent,
  type LoadOptions,
  loadStudent,
  saveStudent,
} from './models/checkpoint.js';
export { evaluateModel, type EvaluateModelSettings } from './evaluation/evaluate-model.js';
export { evaluateStudent, evaluateTeacher, type EvaluationOptions } from './evaluation/evaluate.js';
export { checkRecipe, checkRunnable } from './recipe/check-recipe.js';
export { defaultRecipe, defaultStage } from './recipe/default-recipe.js';
export { builtInRecipes } from './recipe/recipe-file.js';
export type {
  LossTermSettings,
  Recipe,
  Stage,
  StudentSettings,
  StatisticsSettings,
} from './recipe/recipe.js';
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
  type LossDefinition,
  type LossInput,
  type LossNeed,
  type LossOptionSpecs,
  type LossState,
  type LossStateFactory,
  type LossStateSize,
} from './losses/loss.js';
export type { LossOption, NumberRange, OptionValues } from './losses/loss-options.js';
export { type MapPair, meanOverPairs } from './losses/map-pairs.js';
export { registerLoss } from './losses/registry.js';
export { distributionLoss } from './losses/distribution-loss.js';
export { NonFiniteLoss, type NonFinitePlace } from './training/non-finite.js';
export { distill, type RunOptions } from './run/run.js';
export { type ResumableRun, resume, type ResumeOptions } from './run/resume.js';
export type { EpochReport, RunEvent, RunSummary, StageSummary } from './run/run-events.js';
export type { StageTitle } from './run/stage-title.js';
export type { ProgressListener } from './progress-listener.js';
export type { KeyPath } from './files/checked-yaml.js';
export type { Sourced, SourcedLeaf, SourcedMap, SourcedList } from './recipe/sourced.js';
export type { RunDirectory } from './run/run-directory.js';

export * from './deprecated.js';
