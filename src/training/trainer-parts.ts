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

/** What one step did. */
export interface StepReport {
  /** Epoch, from 0. */
  readonly epoch: number;
  /** Step of the epoch, from 0, and their number. */
  readonly step: number;
  readonly stepsPerEpoch: number;
  /** The weighted sum, and the batch mean of each term. */
  readonly loss: number;
  readonly terms: Readonly<Record<string, number>>;
  readonly lr: number;
  /** Of each layer, where the step is recorded. */
  readonly layers?: readonly LayerRecord[];
  readonly images: number;
  /** Images whose largest logit is that of their label, before the step; absent where images are mixed. */
  readonly correct?: number;
  /** Images whose largest logit is the teacher's too; absent without a teacher. */
  readonly agreeing?: number;
  /** Milliseconds that the step waited for its batch, took for the teacher and for the student. */
  readonly dataMs: number;
  readonly teacherMs: number;
  readonly studentMs: number;
}

/** What `Trainer.step` gives. */
export interface StepResult extends Pick<StepReport, 'loss' | 'terms' | 'correct' | 'agreeing'> {
  readonly layers: LayerRecord[] | undefined;
}

/** What a `Trainer` is made of. */
export interface TrainerParts {
  readonly student: Network;
  /** The training images, for their normalisation. */
  readonly dataset: Dataset;
  readonly batches: Batches;
  /** Absent when no loss needs a teacher. */
  readonly teacher: TargetSource | undefined;
  readonly losses: readonly LossSetting[];
  readonly pairs: readonly LevelPair[];
  readonly connectors: Connectors;
  readonly optimizer: Optimizer;
  /** The learning rate by the fractional epoch. */
  readonly schedule: Schedule;
  /** What is done to gradients before the optimizer gets them; default nothing. */
  readonly gradient?: GradientSettings;
  /** Records of the layers every so many steps; default none. */
  readonly statistics?: LayerStatistics | undefined;
  /** Updated after each step of the optimizer. */
  readonly average?: WeightAverage | undefined;
  /**
   * The epochs of the stage, over which a sign gradient sharpens and the weights of losses go from one value to another;
   * needed for these only.
   */
  readonly epochs?: number;
  /** Mixup and CutMix; default none. */
  readonly mix?: TrainerMix;
}
