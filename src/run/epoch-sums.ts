import type { StepReport } from '../training/trainer.js';
import type { EpochReport } from './run-events.js';

/** Sums over the steps of an epoch, from which its report is made. */
export interface EpochSums {
  readonly steps: number;
  readonly loss: number;
  readonly terms: Readonly<Record<string, number>>;
  /** Images shown; of these, those with the right class and those with the teacher's, as in `StepReport`. */
  readonly images: number;
  readonly correct?: number;
  readonly agreeing?: number;
  /** The learning rate of the last step. */
  readonly lr: number;
  /** Time of the steps. */
  readonly seconds: number;
}

/** The sums before the first step. */
export const noSteps: EpochSums = {
  steps: 0,
  loss: 0,
  terms: {},
  images: 0,
  lr: 0,
  seconds: 0,
};

/** The sums with one step more, which took `seconds`. */
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

/** The means over the steps. */
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

/** Images with the right class, and images on which student and teacher agree, in percent of all. */
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
