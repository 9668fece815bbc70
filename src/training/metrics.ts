import { top1Percent } from './accuracy.js';
import type { EpochReport } from './run-events.js';
import type { StageTitle } from './stage-title.js';
import type { StepReport } from './trainer.js';

/** The line of metrics.jsonl of a step; steps and epochs count from 1. */
export function stepMetrics(
  { epoch, step, stepsPerEpoch, loss, terms, lr, images, dataMs, teacherMs, studentMs }: StepReport,
  title: StageTitle,
): object {
  const stepMs = dataMs + teacherMs + studentMs;
  return {
    ...stageKeys(title),
    step: epoch * stepsPerEpoch + step + 1,
    epoch: epoch + 1,
    loss,
    terms,
    lr,
    dataMs,
    teacherMs,
    studentMs,
    stepMs,
    imagesPerSecond: (1000 * images) / stepMs,
  };
}

/** The lines of metrics.jsonl of the layers of a step that is recorded; none for another. */
export function layerMetrics(
  { epoch, step, stepsPerEpoch, layers = [] }: StepReport,
  title: StageTitle,
): object[] {
  const place = { ...stageKeys(title), step: epoch * stepsPerEpoch + step + 1, epoch: epoch + 1 };
  return layers.map((record) => ({ ...place, ...record }));
}

/** The line of metrics.jsonl of an epoch. */
export function epochMetrics({
  stage,
  epoch,
  loss,
  terms,
  lr,
  validation,
  best,
  seconds,
  imagesPerSecond,
}: EpochReport): object {
  return {
    ...stageKeys(stage),
    epoch: epoch + 1,
    trainLoss: loss,
    trainTerms: terms,
    lr,
    top1Percent: top1Percent(validation),
    correct: validation.top1,
    pictures: validation.total,
    best,
    seconds,
    imagesPerSecond,
  };
}

/** The name of the stage, and its generation where there are several. */
function stageKeys({ name, generation, generations }: StageTitle): object {
  return { stage: name, ...(generations > 1 ? { generation } : {}) };
}
