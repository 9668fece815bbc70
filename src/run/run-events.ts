import type { Split } from '../data/dataset.js';
import type { LevelPair } from '../training/level-pairs.js';
import type { Accuracy } from '../evaluation/accuracy.js';
import type { StageTitle } from './stage-title.js';
import type { StepReport } from '../training/trainer.js';

/** What a run tells while it goes on. */
export type RunEvent =
  | { readonly kind: 'skipped'; readonly message: string }
  /** Files of images are read to compare them with those of a cache, where that takes long. */
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
      /** The checkpoint from which the run goes on. */
      readonly checkpoint: string;
      readonly stage: StageTitle;
      /** The epoch under way, from 0, or their number; and the steps of it that are done. */
      readonly epoch: number;
      readonly step: number;
      /** What is set otherwise than before, one sentence each. */
      readonly changes: readonly string[];
      /** Why later checkpoints were passed over, one sentence each. */
      readonly damaged: readonly string[];
    }
  | {
      readonly kind: 'stage';
      readonly stage: StageTitle;
      readonly epochs: number;
      /** Which level of the student is compared with which feature map of the teacher; empty without such a loss. */
      readonly pairs: readonly { level: number; tap: LevelPair['tap']; connector: boolean }[];
    }
  /** A binary student began with the tensors of a full-precision network, but for those named. */
  | { readonly kind: 'initialised'; readonly from: string; readonly names: readonly string[] }
  | ({ readonly kind: 'step'; readonly stage: StageTitle } & StepReport)
  | ({ readonly kind: 'epoch' } & EpochReport)
  /** Something looks wrong; the run goes on. */
  | { readonly kind: 'warning'; readonly message: string; readonly fix: string }
  | {
      readonly kind: 'evaluating';
      readonly who: 'student' | 'teacher';
      readonly split: Split;
      /** Images. The test split is announced with 0; short evaluations tell no more. */
      readonly done: number;
      readonly total: number;
    };

/** What one epoch did. */
export interface EpochReport {
  readonly stage: StageTitle;
  /** Of the stage, from 0, and their number. */
  readonly epoch: number;
  readonly epochs: number;
  /** Means over the steps. */
  readonly loss: number;
  readonly terms: Readonly<Record<string, number>>;
  readonly lr: number;
  /** Of the training images as they were shown, while the student learned; absent where they are mixed. */
  readonly trainTop1Percent?: number;
  /** The share of training images to which student and teacher gave the same class; absent without a teacher. */
  readonly teacherAgreementPercent?: number;
  readonly validation: Accuracy;
  /** Whether it is the best of its stage on the validation split so far. */
  readonly best: boolean;
  readonly seconds: number;
  readonly imagesPerSecond: number;
  /** Memory of the process at the end of the epoch. */
  readonly memoryMiB: number;
}

/** What one stage, or one generation of it, came to. */
export interface StageSummary {
  readonly name: string;
  readonly generation: number;
  readonly epochs: number;
  /** Of the best epoch by the validation split, counted from 1. */
  readonly bestEpoch: number;
  readonly validation: Accuracy;
  readonly seconds: number;
}

/** The end of a run. */
export interface RunSummary {
  readonly directory: string;
  readonly stages: readonly StageSummary[];
  /** Of the best epoch of the last stage by the validation split, counted from 1. */
  readonly bestEpoch: number;
  readonly validation: Accuracy;
  /** The test split, on which nothing was selected; the teacher's only where the last stage had a model loaded. */
  readonly test: { readonly student: Accuracy; readonly teacher: Accuracy | undefined };
  readonly seconds: number;
}
