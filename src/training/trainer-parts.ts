import type { Batches } from '../data/batches.js';
import type { Dataset } from '../data/dataset.js';
import type { LossSetting } from '../losses/loss-settings.js';
import type { Network } from '../models/network.js';
import type { TargetSource } from '../teacher/targets.js';
import type { TrainerMix } from './batch-mixer.js';
import type { GradientSettings } from '../optim/gradient-steps.js';
import type { LayerRecord, LayerStatistics } from './layer-statistics.js';
import type { Connectors, LevelPair } from './level-pairs.js';
import type { Optimizer } from '../optim/optimizer.js';
import type { Schedule } from '../optim/schedule.js';
import type { WeightAverage } from './weight-average.js';

/** The report of one step. */
export interface StepReport {
  /** The epoch, from 0. */
  readonly epoch: number;
  /** The step of the epoch, from 0. */
  readonly step: number;
  readonly stepsPerEpoch: number;
  /** The weighted sum of the losses. */
  readonly loss: number;
  /** The batch mean of each loss, without its weight. */
  readonly terms: Readonly<Record<string, number>>;
  readonly lr: number;
  /** A record of each layer; absent unless the step is recorded. */
  readonly layers?: readonly LayerRecord[];
  readonly images: number;
  /** Images whose largest logit is that of their label, before the step; absent if images are mixed. */
  readonly correct?: number;
  /** Images on which student and teacher have the same largest logit; absent without a teacher. */
  readonly agreeing?: number;
  /** Milliseconds of waiting for the batch, of waiting for the targets, and of the step itself. */
  readonly dataMs: number;
  readonly teacherMs: number;
  readonly studentMs: number;
}

/** What `Trainer.step` returns. */
export type StepResult = Pick<StepReport, 'loss' | 'terms' | 'layers' | 'correct' | 'agreeing'>;

/** The parts of a `Trainer`. */
export interface TrainerParts {
  readonly student: Network;
  /** The training images, for their normalisation. */
  readonly dataset: Dataset;
  readonly batches: Batches;
  /** Undefined if no loss needs a teacher. */
  readonly teacher: TargetSource | undefined;
  readonly losses: readonly LossSetting[];
  readonly pairs: readonly LevelPair[];
  readonly connectors: Connectors;
  readonly optimizer: Optimizer;
  /** The learning rate as a function of the fractional epoch. */
  readonly schedule: Schedule;
  /** What is done to gradients before the optimizer; default nothing. */
  readonly gradient?: GradientSettings;
  /** Records layers every few steps; default none. */
  readonly statistics?: LayerStatistics | undefined;
  /** An average of the weights, updated after each step of the optimizer; default none. */
  readonly average?: WeightAverage | undefined;
  /**
   * The epochs of the stage. Sign gradients that sharpen and loss weights that change do so over this time;
   * without them it is not needed.
   */
  readonly epochs?: number;
  /** Mixup and CutMix; default none. */
  readonly mix?: TrainerMix;
}
