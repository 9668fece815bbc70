import { useBackend } from '../backends/use-backend.js';
import { loadDataset } from '../data/data-spec.js';
import { type Dataset, withTestResize } from '../data/dataset.js';
import { InputError } from '../errors.js';
import { checkRecipe, checkRunnable } from '../recipe/check-recipe.js';
import type { Recipe, Stage } from '../recipe/recipe.js';
import { stageLosses } from '../recipe/stage-losses.js';
import { toYaml } from '../recipe/to-yaml.js';
import type { Accuracy } from './accuracy.js';
import { loadStudent } from './checkpoint.js';
import { evaluateStudent, evaluateTeacher } from './evaluation.js';
import { checkpointOf, initialStudent } from './initial-student.js';
import { RunDirectory } from './run-directory.js';
import type { EpochReport, RunEvent, RunSummary, StageSummary } from './run-events.js';
import {
  openRunTeacher,
  type RunTeacher,
  type Splits,
  stageAugmentation,
  type TeacherRequest,
} from './run-teacher.js';
import type { StageTitle } from './stage-title.js';
import { comparingLosses } from './student-losses.js';
import { StudentTeacher } from './student-teacher.js';
import { stageBatches, stagePairs, trainStage } from './train-stage.js';

/** How a run is to be done, beside its recipe. */
export interface RunOptions {
  /** The run directory; by default the first free `runs/<student>-<n>`. */
  readonly out?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One training: a stage, or one generation of it. */
interface Training {
  readonly stage: Stage;
  readonly title: StageTitle;
  /** The epochs of the run before it. */
  readonly firstEpoch: number;
  readonly isLast: boolean;
}

/**
 * Trains a student by distillation, stage after stage: recipe to run directory. It yields events and gives the summary at
 * the end.
 *
 * Between stages the student's tensors carry over, those of the best epoch by the validation split; optimizer and
 * connectors begin anew.
 *
 * @throws InputError for settings, files or data that are wrong; RunError when the work fails
 */
export async function* distil(
  recipe: Recipe,
  { out, signal }: RunOptions = {},
): AsyncGenerator<RunEvent, RunSummary> {
  checkRecipe(recipe);
  checkRunnable(recipe);
  const began = performance.now();
  await useBackend(recipe.backend, { threads: recipe.threads });
  const skipped: string[] = [];
  const reading = {
    skipCorrupt: recipe.skipCorrupt,
    onSkipped: (message: string) => void skipped.push(message),
  };
  const splits = (await Promise.all(
    (['train', 'validation', 'test'] as const).map((split) => loadDataset(recipe.data, split, reading)),
  )) as [Dataset, Dataset, Dataset];
  for (const message of skipped) yield { kind: 'skipped', message };
  const trainings = trainingsOf(recipe);
  let directory: RunDirectory | undefined;
  let teacher = await openTeacherOf(recipe, trainings[0], splits, undefined);
  const summaries: StageSummary[] = [];
  // Of the stage before, and of the training before, which may be another generation of the same stage.
  let stageBefore: string | undefined;
  let taughtBy: string | undefined;
  try {
    for (const message of teacher.notes) yield { kind: 'skipped', message };
    await tryLater(recipe, trainings, teacher.splits);
    for (const [i, training] of trainings.entries()) {
      if (i > 0) {
        await teacher.dispose();
        teacher = await openTeacherOf(recipe, training, teacher.splits, taughtBy);
      }
      const { stage, title, firstEpoch, isLast } = training;
      const losses = stageLosses(stage);
      const [pictures, validation] = teacher.splits;
      const student = await initialStudent(recipe, stage, pictures, initOf(stage, stageBefore));
      try {
        const pairs = stagePairs(losses, pictures, teacher.source, student);
        const batches = stageBatches(recipe, stage, teacher, firstEpoch, signal);
        if (!directory) {
          // Everything that may be refused comes before the directory is made.
          directory = await RunDirectory.create(out, recipe.student.name);
          await directory.writeRecipe(toYaml(recipe));
          const parameters = student.store.parameters.reduce((sum, { variable }) => sum + variable.size, 0);
          const counts = { trainingPictures: pictures.length, validationPictures: validation.length };
          yield { kind: 'started', directory: directory.path, ...counts, parameters };
        }
        const files = await directory.checkpoints(isLast ? undefined : folderOf(title));
        const isTrained = stage.initFrom !== 'random';
        const parts = {
          recipe,
          stage,
          title,
          losses,
          teacher,
          student,
          isTrained,
          pairs,
          batches,
          firstEpoch,
          directory,
        };
        const stageBegan = performance.now();
        const best = yield* trainStage({ ...parts, files, signal });
        summaries.push(summaryOf(best, (performance.now() - stageBegan) / 1000));
        taughtBy = files.best;
        if (title.generation === title.generations) stageBefore = files.best;
      } finally {
        student.dispose();
      }
    }
    const test = yield* testRun(taughtBy!, teacher, signal);
    const { bestEpoch, validation } = summaries.at(-1)!;
    const summary: RunSummary = {
      directory: directory!.path,
      stages: summaries,
      bestEpoch,
      validation,
      test,
      seconds: (performance.now() - began) / 1000,
    };
    await directory!.writeSummary(summary);
    return summary;
  } finally {
    await teacher.dispose();
  }
}

/** The trainings of a run in order: each stage as often as it has generations. */
function trainingsOf({ stages }: Recipe): Training[] {
  const trainings: Training[] = [];
  let firstEpoch = 0;
  for (const [index, stage] of stages.entries()) {
    const { name, generations } = stage;
    for (let generation = 1; generation <= generations; generation++) {
      const title = { name, index, count: stages.length, generation, generations };
      const isLast = index === stages.length - 1 && generation === generations;
      trainings.push({ stage, title, firstEpoch, isLast });
      firstEpoch += stage.epochs;
    }
  }
  return trainings;
}

/** Where the tensors of a stage come from; undefined for random ones. */
function initOf({ initFrom }: Stage, stageBefore: string | undefined): string | undefined {
  if (initFrom === 'random') return undefined;
  return initFrom === 'previous' ? stageBefore : initFrom;
}

function folderOf({ name, generation, generations }: StageTitle): string {
  return generations > 1 ? `${name}-${generation}` : name;
}

/** Whether the student of the training before teaches. */
function isTaughtByStudent({ stage: { teacher }, title }: Training): boolean {
  return teacher === 'previous' || title.generation > 1;
}

function requestOf(recipe: Recipe, { stage, firstEpoch }: Training): TeacherRequest {
  return { ...recipe, ...stage, losses: stageLosses(stage), epochs: firstEpoch + stage.epochs };
}

async function openTeacherOf(
  recipe: Recipe,
  training: Training,
  splits: Splits,
  taughtBy: string | undefined,
): Promise<RunTeacher> {
  const { stage } = training;
  const request = requestOf(recipe, training);
  const opened = isTaughtByStudent(training)
    ? await openStudentTeacher(request, splits, taughtBy!)
    : await inStage(training, () => openRunTeacher(request, splits));
  if (recipe.testResize === null) return opened;
  const [pictures, ...evaluated] = opened.splits;
  try {
    const [validation, test] = evaluated.map((split) => withTestResize(split, recipe.testResize!));
    return { ...opened, splits: [pictures, validation, test] };
  } catch (error) {
    await opened.dispose();
    throw inStageError(stage.name, recipe.stages.length, error);
  }
}

async function openStudentTeacher(
  request: TeacherRequest,
  splits: Splits,
  path: string,
): Promise<RunTeacher> {
  const withMaps = comparingLosses(request.losses).length > 0;
  const source = await StudentTeacher.open(path, splits[0], withMaps);
  return {
    source,
    live: undefined,
    splits,
    views: request.views ?? request.epochs,
    augmentation: stageAugmentation(request, splits[0]),
    notes: [],
    endEpoch: () => Promise.resolve(),
    dispose: () => source.dispose(),
  };
}

/** Opens what later stages name, and closes it again, so that a run of days does not end at their beginning. */
async function tryLater(recipe: Recipe, trainings: readonly Training[], splits: Splits): Promise<void> {
  for (const [i, training] of trainings.entries()) {
    const { stage } = training;
    const { initFrom } = stage;
    if (initFrom !== 'random' && initFrom !== 'previous') await checkpointOf(initFrom);
    if (i === 0) continue;
    await inStage(training, async () => {
      stageAugmentation(stage, splits[0]);
      // A cache that is being filled has one writer at a time.
      if (isTaughtByStudent(training) || stage.cache !== null) return;
      const [key, keyBefore] = [stage, trainings[i - 1].stage].map(
        ({ teacher, views, augmentation, losses }) => JSON.stringify([teacher, views, augmentation, losses]),
      );
      if (key !== keyBefore) await (await openRunTeacher(requestOf(recipe, training), splits)).dispose();
    });
  }
}

async function inStage<T>({ title: { name, count } }: Training, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw inStageError(name, count, error);
  }
}

/** An input error that names the stage where there are several. */
function inStageError(name: string, count: number, error: unknown): unknown {
  if (count === 1 || !(error instanceof InputError)) return error;
  const { nearest, fix } = error;
  return new InputError(`stage '${name}': ${error.message}`, {
    nearest,
    ...(fix === undefined ? {} : { fix }),
    cause: error,
  });
}

function summaryOf({ stage, epochs, epoch, validation }: EpochReport, seconds: number): StageSummary {
  const { name, generation } = stage;
  return { name, generation, epochs, bestEpoch: epoch + 1, validation, seconds };
}

/** The best student of the last stage, and its teacher where a model is loaded, on the test split. */
async function* testRun(
  best: string,
  { splits: [, , test], live }: RunTeacher,
  signal: AbortSignal | undefined,
): AsyncGenerator<RunEvent, RunSummary['test']> {
  const { student } = await loadStudent(best);
  let ofStudent: Accuracy;
  try {
    yield { kind: 'evaluating', who: 'student', done: 0, total: test.length };
    ofStudent = await evaluateStudent(student, test, { signal });
  } finally {
    student.dispose();
  }
  if (live) yield { kind: 'evaluating', who: 'teacher', done: 0, total: test.length };
  return { student: ofStudent, teacher: live ? await evaluateTeacher(live, test, { signal }) : undefined };
}
