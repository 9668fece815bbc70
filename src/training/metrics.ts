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

/** A step as scalars of TensorBoard. */
export function stepScalars({
  loss,
  terms,
  lr,
  images,
  dataMs,
  teacherMs,
  studentMs,
}: StepReport): Record<string, number> {
  return {
    'loss/total': loss,
    ...underTag('loss', terms),
    lr,
    imagesPerSecond: (1000 * images) / (dataMs + teacherMs + studentMs),
  };
}

/** The layers of a step that is recorded as scalars of TensorBoard. */
export function layerScalars({ layers = [] }: StepReport): Record<string, number> {
  return Object.assign(
    {},
    ...layers.map(({ layer, ...figures }) => underTag(`layers/${layer}`, figures)),
  ) as Record<string, number>;
}

/** An epoch as scalars of TensorBoard. */
export function epochScalars({ loss, terms, validation, seconds }: EpochReport): Record<string, number> {
  return {
    'epoch/trainLoss/total': loss,
    ...underTag('epoch/trainLoss', terms),
    'epoch/validationTop1Percent': top1Percent(validation),
    'epoch/seconds': seconds,
  };
}

function underTag(tag: string, values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${tag}/${name}`, value]));
}

/** Where a run stands after an epoch, over all its stages. */
export interface EpochPlace {
  readonly epoch: number;
  readonly step: number;
}

/** The columns of epochs.csv. */
export function epochColumns(terms: readonly string[]): string[] {
  return [
    'stage',
    'generation',
    'stageEpoch',
    'epoch',
    'step',
    'trainLoss',
    ...terms.map((name) => `trainLoss.${name}`),
    'lr',
    'validationTop1Percent',
    'validationCorrect',
    'validationPictures',
    'best',
    'seconds',
    'imagesPerSecond',
  ];
}

/** The cells of an epoch, as of {@link epochColumns}; empty for a term that the stage does not have. */
export function epochRow(
  { stage, epoch, loss, terms, lr, validation, best, seconds, imagesPerSecond }: EpochReport,
  place: EpochPlace,
  names: readonly string[],
): (string | number | boolean)[] {
  return [
    stage.name,
    stage.generation,
    epoch + 1,
    place.epoch,
    place.step,
    loss,
    ...names.map((name) => terms[name] ?? ''),
    lr,
    top1Percent(validation),
    validation.top1,
    validation.total,
    best,
    seconds,
    imagesPerSecond,
  ];
}
