import { top1Percent } from '../evaluation/accuracy.js';
import type { EpochReport } from './run-events.js';
import { percentsOf } from './epoch-sums.js';
import type { StageTitle } from './stage-title.js';
import type { StepReport } from '../training/trainer.js';

/** The line of a step in metrics.jsonl; steps and epochs count from 1. */
export function stepMetrics(report: StepReport, title: StageTitle): object {
  const { epoch, step, stepsPerEpoch, loss, terms, lr, images, dataMs, teacherMs, studentMs } = report;
  const stepMs = dataMs + teacherMs + studentMs;
  return {
    ...stageKeys(title),
    step: epoch * stepsPerEpoch + step + 1,
    epoch: epoch + 1,
    loss,
    terms,
    ...percentsOf(report),
    lr,
    dataMs,
    teacherMs,
    studentMs,
    stepMs,
    imagesPerSecond: (1000 * images) / stepMs,
  };
}

/** The lines of a recorded step's layers in metrics.jsonl; none for other steps. */
export function layerMetrics(
  { epoch, step, stepsPerEpoch, layers = [] }: StepReport,
  title: StageTitle,
): object[] {
  const place = { ...stageKeys(title), step: epoch * stepsPerEpoch + step + 1, epoch: epoch + 1 };
  return layers.map((record) => ({ ...place, ...record }));
}

/** The line of an epoch in metrics.jsonl. */
export function epochMetrics(report: EpochReport): object {
  const { stage, epoch, loss, terms, lr, validation, best, seconds, imagesPerSecond, memoryMiB } = report;
  const { trainTop1Percent, teacherAgreementPercent } = report;
  return {
    ...stageKeys(stage),
    epoch: epoch + 1,
    trainLoss: loss,
    trainTerms: terms,
    ...(trainTop1Percent === undefined ? {} : { trainTop1Percent }),
    ...(teacherAgreementPercent === undefined ? {} : { teacherAgreementPercent }),
    lr,
    top1Percent: top1Percent(validation),
    correct: validation.top1,
    pictures: validation.total,
    best,
    seconds,
    imagesPerSecond,
    memoryMiB,
  };
}

/** The name of the stage, and the generation if it has several. */
function stageKeys({ name, generation, generations }: StageTitle): object {
  return { stage: name, ...(generations > 1 ? { generation } : {}) };
}

/** The scalars of a step for TensorBoard. */
export function stepScalars(report: StepReport): Record<string, number> {
  const { loss, terms, lr, images, dataMs, teacherMs, studentMs } = report;
  return {
    'loss/total': loss,
    ...underTag('loss', terms),
    ...percentsOf(report),
    lr,
    imagesPerSecond: (1000 * images) / (dataMs + teacherMs + studentMs),
  };
}

/** The scalars of a recorded step's layers for TensorBoard. */
export function layerScalars({ layers = [] }: StepReport): Record<string, number> {
  return Object.assign(
    {},
    ...layers.map(({ layer, ...figures }) => underTag(`layers/${layer}`, figures)),
  ) as Record<string, number>;
}

/** The scalars of an epoch for TensorBoard. */
export function epochScalars(report: EpochReport): Record<string, number> {
  const { loss, terms, validation, seconds, memoryMiB, trainTop1Percent, teacherAgreementPercent } = report;
  return {
    'epoch/trainLoss/total': loss,
    ...underTag('epoch/trainLoss', terms),
    ...(trainTop1Percent === undefined ? {} : { 'epoch/trainTop1Percent': trainTop1Percent }),
    ...(teacherAgreementPercent === undefined
      ? {}
      : { 'epoch/teacherAgreementPercent': teacherAgreementPercent }),
    'epoch/validationTop1Percent': top1Percent(validation),
    'epoch/seconds': seconds,
    'epoch/memoryMiB': memoryMiB,
  };
}

function underTag(tag: string, values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${tag}/${name}`, value]));
}

/** The epochs and steps of all stages of a run after an epoch. */
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
    'trainTop1Percent',
    'teacherAgreementPercent',
    'validationTop1Percent',
    'validationCorrect',
    'validationPictures',
    'best',
    'seconds',
    'imagesPerSecond',
    'memoryMiB',
  ];
}

/** The cells of an epoch in the {@link epochColumns}; empty for losses that the stage does not have. */
export function epochRow(
  report: EpochReport,
  place: EpochPlace,
  names: readonly string[],
): (string | number | boolean)[] {
  const { stage, epoch, loss, terms, lr, validation, best, seconds, imagesPerSecond, memoryMiB } = report;
  const { trainTop1Percent = '', teacherAgreementPercent = '' } = report;
  return [
    ...[stage.name, stage.generation, epoch + 1, place.epoch, place.step],
    loss,
    ...names.map((name) => terms[name] ?? ''),
    lr,
    ...[trainTop1Percent, teacherAgreementPercent],
    ...[top1Percent(validation), validation.top1, validation.total, best],
    ...[seconds, imagesPerSecond, memoryMiB],
  ];
}
