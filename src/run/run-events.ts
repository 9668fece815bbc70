import type { Split } from '../data/dataset.js';
import type { LevelPair } from '../training/level-pairs.js';
import type { Accuracy } from '../evaluation/accuracy.js';
import type { StageTitle } from './stage-title.js';
import type { StepReport } from '../training/trainer.js';

/** An event of a run. */
export type RunEvent =
  /** Something is left out, such as an image that cannot be decoded or a provider that does not work. */
  | { readonly kind: 'skipped'; readonly message: string }
  /** Image files are read to compare them with those of a cache; only if that takes long. */
  | { readonly kind: 'hashing'; readonly done: number; readonly total: number }
  | {
      readonly kind: 'started';
      readonly directory: string;
      readonly trainingImages: number;
      readonly validationImages: number;
      /** @deprecated The older name of `trainingImages`, until 0.3. */
      readonly trainingPictures: number;
      /** @deprecated The older name of `validationImages`, until 0.3. */
      readonly validationPictures: number;
      readonly parameters: number;
    }
  | {
      readonly kind: 'resumed';
      readonly directory: string;
      /** The checkpoint from which the run is resumed. */
      readonly checkpoint: string;
      readonly stage: StageTitle;
      /** The current epoch, from 0; at the end of the stage the number of epochs. */
      readonly epoch: number;
      /** The steps of this epoch that are done. */
      readonly step: number;
      /** Settings that changed, one sentence each. */
      readonly changes: readonly string[];
      /** Damaged checkpoints that were skipped, one sentence each. */
      readonly damaged: readonly string[];
    }
  | {
      readonly kind: 'stage';
      readonly stage: StageTitle;
      readonly epochs: number;
      /**
       * The levels of the student and the taps of the teacher that are compared; empty without such a loss.
       */
      readonly pairs: readonly { level: number; tap: LevelPair['tap']; connector: boolean }[];
    }
  /** A binary student begins with the tensors of a full-precision network, except for those named. */
  | { readonly kind: 'initialised'; readonly from: string; readonly names: readonly string[] }
  | ({ readonly kind: 'step'; readonly stage: StageTitle } & StepReport)
  | ({ readonly kind: 'epoch' } & EpochReport)
  /** Something looks wrong; the run continues. */
  | { readonly kind: 'warning'; readonly message: string; readonly fix: string }
  | {
      readonly kind: 'evaluating';
      readonly who: 'student' | 'teacher';
      readonly split: Split;
      /**
       * Images that are done. The test split is announced with 0; short evaluations have no further events.
       */
      readonly done: number;
      readonly total: number;
    };

/** The report of one epoch. */
export interface EpochReport {
  readonly stage: StageTitle;
  /** The epoch of the stage, from 0. */
  readonly epoch: number;
  /** The number of epochs of the stage. */
  readonly epochs: number;
  /** The mean loss over the steps. */
  readonly loss: number;
  /** The mean of each term. */
  readonly terms: Readonly<Record<string, number>>;
  /** The learning rate of the last step. */
  readonly lr: number;
  /** Top-1 accuracy on the training views, before each step; absent if images are mixed. */
  readonly trainTop1Percent?: number;
  /** The share of training views with the same class by student and teacher; absent without a teacher. */
  readonly teacherAgreementPercent?: number;
  readonly validation: Accuracy;
  /** Whether it is the best epoch of its stage so far, by the validation split. */
  readonly best: boolean;
  readonly seconds: number;
  readonly imagesPerSecond: number;
  /** The memory of the process at the end of the epoch. */
  readonly memoryMiB: number;
}

/** The result of a stage, or of one of its generations. */
export interface StageSummary {
  readonly name: string;
  readonly generation: number;
  readonly epochs: number;
  /** The best epoch by the validation split, from 1. */
  readonly bestEpoch: number;
  /** The accuracy of the best epoch. */
  readonly validation: Accuracy;
  readonly seconds: number;
}

/** The result of a run. */
export interface RunSummary {
  readonly directory: string;
  readonly stages: readonly StageSummary[];
  /** The best epoch of the last stage by the validation split, from 1. */
  readonly bestEpoch: number;
  /** The accuracy of that epoch. */
  readonly validation: Accuracy;
  /**
   * The accuracy on the test split, which selects nothing. The teacher's is undefined unless the last stage
   * ran a model.
   */
  readonly test: { readonly student: Accuracy; readonly teacher: Accuracy | undefined };
  readonly seconds: number;
}
