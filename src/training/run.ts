import { useBackend } from '../backends/use-backend.js';
import { type Batches, batchesOf } from '../data/batches.js';
import { loadDataset } from '../data/data-spec.js';
import type { Dataset } from '../data/dataset.js';
import { InputError } from '../errors.js';
import { type BinaryResNet, createStudent } from '../models/bnn-resnet.js';
import type { TargetSource } from '../teacher/targets.js';
import type { Accuracy } from './accuracy.js';
import { Adam } from './optimizers/adam.js';
import { loadStudent, saveStudent } from './checkpoint.js';
import { evaluateStudent, evaluateTeacher } from './evaluation.js';
import { Connectors, type LevelPair, pairLevels } from './level-pairs.js';
import { epochMetrics, stepMetrics } from './metrics.js';
import { RunDirectory } from './run-directory.js';
import { openRunTeacher, type RunTeacher } from './run-teacher.js';
import { checkRunSettings, type RunSettings } from './run-settings.js';
import { runSchedule } from './run-schedule.js';
import { comparesMaps } from './student-losses.js';
import { type StepReport, Trainer } from './trainer.js';

/** What a run tells while it goes on. */
export type RunEvent =
  | { readonly kind: 'skipped'; readonly message: string }
  | {
      readonly kind: 'started';
      readonly directory: string;
      readonly trainingPictures: number;
      readonly validationPictures: number;
      readonly parameters: number;
      /** Which level of the student is compared with which feature map of the teacher; empty without such a loss. */
      readonly pairs: readonly { level: number; tap: Tap; connector: boolean }[];
    }
  | ({ readonly kind: 'step' } & StepReport)
  | ({ readonly kind: 'epoch' } & EpochReport)
  | {
      readonly kind: 'evaluating';
      readonly who: 'student' | 'teacher';
      readonly done: number;
      readonly total: number;
    };

type Tap = LevelPair['tap'];

/** What one epoch did. */
export interface EpochReport {
  /** From 0. */
  readonly epoch: number;
  readonly epochs: number;
  /** Means over the steps. */
  readonly loss: number;
  readonly terms: Readonly<Record<string, number>>;
  readonly lr: number;
  readonly validation: Accuracy;
  /** Whether it is the best on the validation split so far. */
  readonly best: boolean;
  readonly seconds: number;
  readonly imagesPerSecond: number;
}

/** The end of a run. */
export interface RunSummary {
  readonly directory: string;
  /** Of the best epoch by the validation split, counted from 1. */
  readonly bestEpoch: number;
  readonly validation: Accuracy;
  /** The test split, on which nothing was selected; the teacher's only where its model was loaded. */
  readonly test: { readonly student: Accuracy; readonly teacher: Accuracy | undefined };
  readonly seconds: number;
}

/**
 * Trains a student by distillation: settings to run directory. It yields events and gives the summary at the end.
 *
 * @throws InputError for settings, files or data that are wrong; RunError when the work fails
 */
export async function* distil(
  settings: RunSettings,
  { signal }: { signal?: AbortSignal } = {},
): AsyncGenerator<RunEvent, RunSummary> {
  checkRunSettings(settings);
  const began = performance.now();
  await useBackend(settings.backend, { threads: settings.threads });
  const skipped: string[] = [];
  const reading = {
    skipCorrupt: settings.skipCorrupt ?? false,
    onSkipped: (message: string) => void skipped.push(message),
  };
  const splits = (await Promise.all(
    (['train', 'validation', 'test'] as const).map((split) => loadDataset(settings.data, split, reading)),
  )) as [Dataset, Dataset, Dataset];
  for (const message of skipped) yield { kind: 'skipped', message };
  const teacher = await openRunTeacher(settings, splits);
  const { live } = teacher;
  const [training, validation, test] = teacher.splits;
  let student: BinaryResNet | undefined;
  try {
    for (const message of teacher.notes) yield { kind: 'skipped', message };
    const { size } = training;
    student = createStudent(settings.student, {
      classes: training.classes.length,
      size,
      seed: settings.seed,
    });
    // Everything that may be refused comes before the directory is made.
    const pairs = pairsOf(settings, training, teacher.source, student);
    const batches = trainingBatches(settings, training, teacher, signal);
    const directory = await RunDirectory.create(settings.out, settings.student);
    await directory.writeJson('settings', settings);
    const parts = { settings, training, validation, teacher, student, pairs, batches, directory, signal };
    const best = yield* trainEpochs(parts);
    student.dispose();
    ({ student } = await loadStudent(directory.file('best')));
    const testOf = async (who: 'student' | 'teacher'): Promise<Accuracy> =>
      who === 'student'
        ? evaluateStudent(student!, test, { signal })
        : evaluateTeacher(live!, test, { signal });
    yield { kind: 'evaluating', who: 'student', done: 0, total: test.length };
    const ofStudent = await testOf('student');
    if (live) yield { kind: 'evaluating', who: 'teacher', done: 0, total: test.length };
    const ofTeacher = live ? await testOf('teacher') : undefined;
    const summary: RunSummary = {
      directory: directory.path,
      bestEpoch: best.epoch + 1,
      validation: best.validation,
      test: { student: ofStudent, teacher: ofTeacher },
      seconds: (performance.now() - began) / 1000,
    };
    await directory.writeJson('summary', summary);
    return summary;
  } finally {
    student?.dispose();
    await teacher.dispose();
  }
}

interface TrainingParts {
  readonly settings: RunSettings;
  readonly training: Dataset;
  readonly validation: Dataset;
  readonly teacher: RunTeacher;
  readonly student: BinaryResNet;
  readonly pairs: readonly LevelPair[];
  readonly batches: Batches;
  readonly directory: RunDirectory;
  readonly signal: AbortSignal | undefined;
}

async function* trainEpochs(parts: TrainingParts): AsyncGenerator<RunEvent, EpochReport> {
  const { settings, training, validation, teacher, student, pairs, batches, directory, signal } = parts;
  const connectors = new Connectors(pairs, settings.seed);
  const optimizer = new Adam({ weightDecay: settings.weightDecay, clipLatent: settings.clipLatent });
  const { epochs } = settings;
  const trainer = new Trainer({
    student,
    dataset: training,
    batches,
    teacher: teacher.source,
    losses: settings.losses,
    pairs,
    connectors,
    optimizer,
    schedule: runSchedule(settings),
  });
  try {
    yield {
      kind: 'started',
      directory: directory.path,
      trainingPictures: training.length,
      validationPictures: validation.length,
      parameters: student.store.parameters.reduce((sum, { variable }) => sum + variable.size, 0),
      pairs: pairs.map(({ level, tap }) => ({ level, tap, connector: connectors.has(level) })),
    };
    let best: EpochReport | undefined;
    for (let epoch = 0; epoch < epochs; epoch++) {
      const began = performance.now();
      const sums = new Map<string, number>();
      let last: StepReport | undefined;
      for await (const report of trainer.epoch(epoch)) {
        signal?.throwIfAborted();
        last = report;
        for (const [name, value] of Object.entries({ ...report.terms, '': report.loss })) {
          sums.set(name, (sums.get(name) ?? 0) + value);
        }
        await directory.appendMetrics({ event: 'step', split: 'train', ...stepMetrics(report) });
        yield { kind: 'step', ...report };
      }
      await teacher.endEpoch(epoch);
      const seconds = (performance.now() - began) / 1000;
      const accuracy = await evaluateStudent(student, validation, { signal });
      const steps = last!.stepsPerEpoch;
      const means = [...sums].map(([name, sum]) => [name, sum / steps] as const);
      const isBest = !best || accuracy.top1 > best.validation.top1;
      const report: EpochReport = {
        epoch,
        epochs,
        loss: sums.get('')! / steps,
        terms: Object.fromEntries(means.filter(([name]) => name !== '')),
        lr: last!.lr,
        validation: accuracy,
        best: isBest,
        seconds,
        imagesPerSecond: (steps * settings.batchSize) / seconds,
      };
      if (isBest) best = report;
      const resize = 'resize' in training ? { resize: training.resize } : {};
      const facts = { classes: training.classes, epoch: epoch + 1, ...resize };
      await saveStudent(directory.file('last'), student, facts);
      if (isBest) await saveStudent(directory.file('best'), student, facts);
      await directory.appendMetrics({ event: 'epoch', split: 'validation', ...epochMetrics(report) });
      yield { kind: 'epoch', ...report };
    }
    return best!;
  } finally {
    trainer.dispose();
    optimizer.dispose();
    connectors.dispose();
  }
}

function trainingBatches(
  { batchSize, seed, viewSeed }: RunSettings,
  training: Dataset,
  { views, augmentation }: RunTeacher,
  signal: AbortSignal | undefined,
): Batches {
  const options = { batchSize, seed, viewSeed, views, augmentation };
  return batchesOf(training, { ...options, ...(signal ? { signal } : {}) });
}

function pairsOf(
  { losses }: RunSettings,
  training: Dataset,
  teacher: TargetSource | undefined,
  student: BinaryResNet,
): LevelPair[] {
  const comparing = losses.filter((setting) => setting.weight > 0 && comparesMaps(setting));
  if (!teacher || comparing.length === 0) return [];
  const pairs = pairLevels(student, training.size, teacher.taps);
  if (pairs.length > 0) return pairs;
  const names = comparing.map(({ name }) => name);
  throw new InputError(
    `the loss ${names.join(', ')} compares feature maps, and no feature map of the teacher has the height and width of a level of ${student.name}.`,
    {
      fix: `leave it out (${names.map((name) => `--loss ${name}=0`).join(' ')}), or name the teacher's taps in its card`,
    },
  );
}
