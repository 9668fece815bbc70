import { useBackend } from '../backends/use-backend.js';
import { trainingAugmentation } from '../data/augmentation.js';
import { type Batches, batchesOf } from '../data/batches.js';
import { loadDataset } from '../data/data-spec.js';
import { type Dataset, firstRows, resizedTo } from '../data/dataset.js';
import { InputError } from '../errors.js';
import { type BinaryResNet, createStudent } from '../models/bnn-resnet.js';
import { checkClasses } from '../teacher/classes.js';
import type { OnnxTeacher } from '../teacher/onnx-teacher.js';
import { type LiveTeacher, openTeacher } from '../teacher/open-teacher.js';
import { type Accuracy, formatShare, top1Percent } from './accuracy.js';
import { Adam } from './adam.js';
import { loadStudent, saveStudent } from './checkpoint.js';
import { evaluateStudent, evaluateTeacher } from './evaluation.js';
import { Connectors, type LevelPair, pairLevels } from './level-pairs.js';
import { epochMetrics, stepMetrics } from './metrics.js';
import { RunDirectory } from './run-directory.js';
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
  /** The test split, on which nothing was selected. */
  readonly test: { readonly student: Accuracy; readonly teacher: Accuracy | undefined };
  readonly seconds: number;
}

/** How far a teacher may stay under its card on the validation split, in percentage points. */
const tolerableShortfall = 20;

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
  const teacher = await teacherOf(settings, splits[0].classes);
  let student: BinaryResNet | undefined;
  try {
    const [training, validation, test] = splits.map((split) => asTaken(split, teacher)) as typeof splits;
    for (const member of teacher?.members ?? []) await checkTeacher(member, validation);
    const { size } = training;
    student = createStudent(settings.student, {
      classes: training.classes.length,
      size,
      seed: settings.seed,
    });
    // Everything that may be refused comes before the directory is made.
    const pairs = pairsOf(settings, training, teacher, student);
    const batches = trainingBatches(settings, training, signal);
    const directory = await RunDirectory.create(settings.out, settings.student);
    await directory.writeJson('settings', settings);
    const parts = { settings, training, validation, teacher, student, pairs, batches, directory, signal };
    const best = yield* trainEpochs(parts);
    student.dispose();
    ({ student } = await loadStudent(directory.file('best')));
    const testOf = async (who: 'student' | 'teacher'): Promise<Accuracy> =>
      who === 'student'
        ? evaluateStudent(student!, test, { signal })
        : evaluateTeacher(teacher!, test, { signal });
    yield { kind: 'evaluating', who: 'student', done: 0, total: test.length };
    const ofStudent = await testOf('student');
    if (teacher) yield { kind: 'evaluating', who: 'teacher', done: 0, total: test.length };
    const ofTeacher = teacher ? await testOf('teacher') : undefined;
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
    await teacher?.dispose();
  }
}

async function teacherOf(
  settings: RunSettings,
  classes: readonly string[],
): Promise<LiveTeacher | undefined> {
  if (settings.teacher === undefined) return undefined;
  const maps = settings.losses.some((setting) => setting.weight > 0 && comparesMaps(setting));
  const teacher = await openTeacher(settings.teacher, {
    taps: maps ? 'all' : 'none',
    threads: settings.threads,
    classes,
    ...(settings.mean ? { mean: settings.mean } : {}),
    ...(settings.std ? { std: settings.std } : {}),
  });
  try {
    checkClasses(teacher.classes, classes);
  } catch (error) {
    await teacher.dispose();
    throw error;
  }
  return teacher;
}

/** The pictures as the teacher takes them: those in files in its size, those in memory only if they have it. */
function asTaken(data: Dataset, teacher: LiveTeacher | undefined): Dataset {
  if (!teacher) return data;
  const { size, resize } = teacher.members[0];
  const resized = resizedTo(data, size, resize);
  if (resized.size.join() === size.join()) return resized;
  throw new InputError(
    `the teacher takes pictures of ${size.join('×')} and the data has ${resized.size.join('×')}.`,
  );
}

/** Refuses a teacher that is far worse than its card says: its preprocessing is wrong. */
async function checkTeacher(teacher: OnnxTeacher, validation: Dataset): Promise<void> {
  if (teacher.expectedTop1 === undefined || teacher.dataset !== validation.kind) return;
  const pictures = Math.min(validation.length, 500);
  const accuracy = await evaluateTeacher(teacher, firstRows(validation, pictures));
  if (top1Percent(accuracy) >= teacher.expectedTop1 - tolerableShortfall) return;
  throw new InputError(
    `the teacher's top-1 on ${pictures} validation pictures is ${formatShare(accuracy.top1, accuracy.total)}, far under the ${teacher.expectedTop1} % of its card.`,
    {
      fix: `check mean, std, color, scale and layout in ${teacher.cardPath ?? 'its card'}, and the order of the classes`,
    },
  );
}

interface TrainingParts {
  readonly settings: RunSettings;
  readonly training: Dataset;
  readonly validation: Dataset;
  readonly teacher: LiveTeacher | undefined;
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
    teacher,
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
    optimizer.dispose();
    connectors.dispose();
  }
}

function trainingBatches(settings: RunSettings, training: Dataset, signal: AbortSignal | undefined): Batches {
  return batchesOf(training, {
    batchSize: settings.batchSize,
    seed: settings.seed,
    viewSeed: settings.viewSeed,
    // A live teacher answers every view afresh.
    views: settings.epochs,
    augmentation: trainingAugmentation(training),
    ...(signal ? { signal } : {}),
  });
}

function pairsOf(
  { losses }: RunSettings,
  training: Dataset,
  teacher: LiveTeacher | undefined,
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
