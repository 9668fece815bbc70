import type { MetricsPositions } from './metrics-log.js';
import type { EpochReport, StageSummary } from './run-events.js';
import type { StepReport } from '../training/trainer.js';
import type { TrainingState } from '../training/training-state.js';

/** Sums over the steps of an epoch, for its report. */
export interface EpochSums {
  readonly steps: number;
  readonly loss: number;
  readonly terms: Readonly<Record<string, number>>;
  /** Images, and those that were counted as right and as agreeing with the teacher; see `StepReport`. */
  readonly images: number;
  readonly correct?: number;
  readonly agreeing?: number;
  /** Of the last step. */
  readonly lr: number;
  /** That the steps took. */
  readonly seconds: number;
}

export const noSteps: EpochSums = {
  steps: 0,
  loss: 0,
  terms: {},
  images: 0,
  lr: 0,
  seconds: 0,
};

/** The sums with a step more, which took so many seconds. */
export function withStep(sums: EpochSums, report: StepReport, seconds: number): EpochSums {
  const { loss, terms, lr, images, correct, agreeing } = report;
  const all = Object.entries(terms).map(([name, value]) => [name, (sums.terms[name] ?? 0) + value] as const);
  return {
    ...sums,
    steps: sums.steps + 1,
    loss: sums.loss + loss,
    terms: Object.fromEntries(all),
    images: sums.images + images,
    ...(correct === undefined ? {} : { correct: (sums.correct ?? 0) + correct }),
    ...(agreeing === undefined ? {} : { agreeing: (sums.agreeing ?? 0) + agreeing }),
    lr,
    seconds: sums.seconds + seconds,
  };
}

/** Means over the steps. */
export function meansOf(
  sums: EpochSums,
): Pick<EpochReport, 'loss' | 'terms' | 'lr' | 'trainTop1Percent' | 'teacherAgreementPercent'> {
  const { steps, loss, terms, lr } = sums;
  const means = Object.entries(terms).map(([name, sum]) => [name, sum / steps] as const);
  return {
    loss: loss / steps,
    terms: Object.fromEntries(means),
    lr,
    ...percentsOf(sums),
  };
}

/** How many images were right, and on how many student and teacher agreed, in percent of all. */
export function percentsOf({
  images,
  correct,
  agreeing,
}: Pick<StepReport, 'images' | 'correct' | 'agreeing'>): Pick<
  EpochReport,
  'trainTop1Percent' | 'teacherAgreementPercent'
> {
  return {
    ...(correct === undefined ? {} : { trainTop1Percent: (100 * correct) / images }),
    ...(agreeing === undefined ? {} : { teacherAgreementPercent: (100 * agreeing) / images }),
  };
}

/** Where a training stands, between two steps. */
export interface TrainingPoint {
  /** The epoch under way, from 0, or the number of epochs at the end; and the steps of it that are done. */
  readonly epoch: number;
  readonly step: number;
  /** The steps of the whole run that are done. */
  readonly runStep: number;
  readonly sums: EpochSums;
  readonly best: EpochReport | undefined;
  /** That the training took. */
  readonly seconds: number;
}

/** What a checkpoint says beside its tensors. */
export interface RunProgress extends TrainingPoint {
  /** Which of the run's trainings is under way, from 0, and those that are over. */
  readonly training: number;
  readonly stages: readonly StageSummary[];
  readonly counts: TrainingState['counts'];
  readonly metrics: MetricsPositions;
  /** The best student so far, in the folder of the checkpoints. */
  readonly bestStudent: string | undefined;
}
