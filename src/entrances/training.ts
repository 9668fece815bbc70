/**
 * `bnn-distill/training`: the parts of a training step, for loops of one's own: trainer, optimizers, schedules,
 * averages, statistics.
 */
export { AccuracyCounter } from '../evaluation/accuracy.js';
export { backpropagate } from '../training/backpropagation.js';
export { Connectors, type LevelPair, pairLevels } from '../training/level-pairs.js';
export {
  centralised,
  globalNorm,
  type GradientSettings,
  type GradientSteps,
  gradientSteps,
} from '../optim/gradient-steps.js';
export {
  createOptimizer,
  type OptimizerName,
  optimizerNames,
  type OptimizerSettings,
} from '../optim/optimizers/create-optimizer.js';
export type { Optimizer } from '../optim/optimizer.js';
export { Adam, type AdamOptions } from '../optim/optimizers/adam.js';
export { AdamW, type AdamWOptions } from '../optim/optimizers/adamw.js';
export { Bop, type BopOptions } from '../optim/optimizers/bop.js';
export { SGD, type SGDOptions } from '../optim/optimizers/sgd.js';
export { reestimateBatchNorm, type StatisticsImages } from '../evaluation/reestimate-batch-norm.js';
export { type PartMemory, type StepMemory, stepMemory } from '../evaluation/step-memory.js';
export {
  flipRatio,
  type LayerRecord,
  LayerStatistics,
  type ObservedNetwork,
} from '../training/layer-statistics.js';
export {
  type CourseName,
  courseNames,
  createSchedule,
  type ScheduleName,
  scheduleNames,
  type ScheduleSettings,
} from '../optim/schedules/create-schedule.js';
export type { Schedule, ScheduleStage, ScheduleUnit } from '../optim/schedule.js';
export { constantSchedule } from '../optim/schedules/constant.js';
export { cosineSchedule } from '../optim/schedules/cosine.js';
export { linearSchedule } from '../optim/schedules/linear.js';
export type { DecayOptions } from '../optim/schedules/schedule-arguments.js';
export { stepSchedule, type StepScheduleOptions } from '../optim/schedules/step.js';
export { type WarmupOptions, withWarmup } from '../optim/schedules/warmup.js';
export type { TrainerMix } from '../training/batch-mixer.js';
export { type StepReport, Trainer, type TrainerParts } from '../training/trainer.js';
export {
  type AveragedTensors,
  WeightAverage,
  type WeightAverageOptions,
} from '../training/weight-average.js';
export type { NamedTensor } from '../files/safetensors.js';
export type { TrainingState } from '../training/training-state.js';
export type { StepResult } from '../training/trainer-parts.js';
