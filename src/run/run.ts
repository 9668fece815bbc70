import { join } from 'node:path';
import { useBackend } from '../backends/use-backend.js';
import { loadDataset } from '../data/data-spec.js';
import { type Dataset, firstRows } from '../data/dataset.js';
import { InputError } from '../errors.js';
import { checkRecipe, checkRunnable } from '../recipe/check-recipe.js';
import type { Recipe } from '../recipe/recipe.js';
import { stageLosses } from '../recipe/stage-losses.js';
import type { Accuracy } from '../evaluation/accuracy.js';
import { loadStudent, saveStudent } from '../models/checkpoint.js';
import { checkEnvironment, runEnvironment } from './environment.js';
import { evaluateStudent, evaluateTeacher } from '../evaluation/evaluate.js';
import { initialStudent } from './initial-student.js';
import { repeatedBatches } from './repeated-batches.js';
import { keptBatch, type OpenRun, openRun } from './open-run.js';
import { evaluating, hashing } from './progress-events.js';
import type { RunCheckpoints } from './run-checkpoints.js';
import type { RunDirectory } from './run-directory.js';
import type { EpochReport, RunEvent, RunSummary, StageSummary } from './run-events.js';
import type { RunProgress } from './run-progress.js';
import type { RunTeacher } from './run-teacher.js';
import { openTeacherOf, tryLater } from './stage-teacher.js';
import { stageBatches, type StageParts, stagePairs, type StageState, trainStage } from './train-stage.js';
import { bestOf, folderOf, initOf, trainingsOf } from './stage-generations.js';
import type { TrainingState } from '../training/training-state.js';

/** How a run is to be done, beside its recipe. */
export interface RunOptions {
  /** The run directory; by default the first free `runs/<student>-<n>`. */
  readonly out?: string | undefined;
  /** Ends the run after the step under way, with a checkpoint from which it can go on. */
  readonly signal?: AbortSignal | undefined;
  /** Seconds from one checkpoint to the next within an epoch, at least 0; default 300. */
  readonly checkpointSeconds?: number | undefined;
}

/** The first images of each split, to which a trial is limited. */
export interface ImageLimit {
  /** Batches of an epoch, and how often each comes in it; default once. */
  readonly steps: number;
  readonly repeats?: number;
  /** Images of the validation and of the test split. */
  readonly evaluated: number;
}

/** Where a run goes on. */
export interface RunStart {
  readonly directory: RunDirectory;
  readonly checkpoints: RunCheckpoints;
  readonly progress: RunProgress;
  readonly tensors: TrainingState['tensors'];
  /** What is told of it. */
  readonly event: Extract<RunEvent, { kind: 'resumed' }>;
}

/** Seconds from one checkpoint to the next within an epoch, where nothing else is said. */
export const defaultCheckpointSeconds = 300;

/**
 * Trains a student by distillation, stage after stage: recipe to run directory. It yields events and gives the summary at
 * the end.
 *
 * Between stages the student's tensors carry over, those of the best epoch by the validation split; optimizer and
 * connectors begin anew. `resume` goes on with a run that was interrupted.
 *
 * @throws InputError for settings, files or data that are wrong; RunError when the work fails; the signal's reason when it
 *   is aborted
 */
export function distil(recipe: Recipe, options: RunOptions = {}): AsyncGenerator<RunEvent, RunSummary> {
  return trainRun(recipe, options);
}

/**
 * The work of {@link distil}.
 *
 * @param start where to go on; undefined for a new run
 */
export async function* trainRun(
  recipe: Recipe,
  {
    out,
    signal,
    checkpointSeconds = defaultCheckpointSeconds,
    limit,
  }: RunOptions & { readonly limit?: ImageLimit },
  start?: RunStart,
): AsyncGenerator<RunEvent, RunSummary> {
  checkRecipe(recipe);
  checkRunnable(recipe);
  if (!(checkpointSeconds >= 0))
    throw new InputError(`--checkpoint-seconds must be at least 0, got ${checkpointSeconds}.`);
  const began = performance.now();
  await useBackend(recipe.backend, { threads: recipe.threads });
  const { splits, skipped } = await loadSplits(recipe);
  for (const message of skipped) yield { kind: 'skipped', message };
  const trainings = trainingsOf(recipe);
  const first = start?.progress.training ?? 0;
  const taughtBy = (i: number, directory: RunDirectory | undefined): string | undefined =>
    i > 0 ? bestOf(directory!, trainings[i - 1]) : undefined;
  let open: OpenRun | undefined;
  let teacher = yield* hashing((onHashed) =>
    openTeacherOf(recipe, trainings[first], splits, taughtBy(first, start?.directory), onHashed),
  );
  const summaries: StageSummary[] = [...(start?.progress.stages ?? [])];
  let runStep = start?.progress.runStep ?? 0;
  try {
    for (const message of teacher.notes) yield { kind: 'skipped', message };
    yield* hashing((onHashed) => tryLater(recipe, trainings.slice(first), teacher.splits, onHashed));
    for (let i = first; i < trainings.length; i++) {
      const training = trainings[i];
      const { stage, title, firstEpoch } = training;
      if (i > first) {
        await teacher.dispose();
        const images = teacher.splits;
        teacher = yield* hashing((onHashed) =>
          openTeacherOf(recipe, training, images, taughtBy(i, open!.directory), onHashed),
        );
      }
      const losses = stageLosses(stage);
      const shown = limit ? limited(teacher, limit, stage.batchSize) : teacher;
      const [images] = shown.splits;
      const from = i === first ? start : undefined;
      const directory = open?.directory ?? start?.directory;
      // What it begins with is overwritten where the run goes on.
      const init = from || !directory ? externalInit(stage.initFrom) : initOf(trainings, i, directory);
      const { student, notTaken } = await initialStudent(recipe, stage, images, init);
      try {
        const pairs = stagePairs(losses, images, teacher.source, student);
        const once = stageBatches(recipe, stage, shown, firstEpoch, signal);
        const batches = limit?.repeats === undefined ? once : repeatedBatches(once, limit.repeats);
        if (!open) {
          // Everything that may be refused comes before the directory is made.
          const environment = await runEnvironment(recipe, images);
          if (start)
            checkEnvironment(start.directory.path, await start.directory.readEnvironment(), environment);
          open = await openRun(recipe, environment, out, start);
          const parameters = student.store.parameters.reduce((sum, { variable }) => sum + variable.size, 0);
          const [{ length: trainingImages }, { length: validationImages }] = teacher.splits;
          const counts = { trainingImages, validationImages };
          yield start?.event ?? { kind: 'started', directory: open.directory.path, ...counts, parameters };
        }
        if (notTaken) yield { kind: 'initialised', ...notTaken };
        const { checkpoints, log } = open;
        const files = await open.directory.checkpoints(training.isLast ? undefined : folderOf(training));
        let bestStudent = from?.progress.bestStudent;
        if (bestStudent !== undefined) await checkpoints.publish(bestStudent, files.best);
        let saved = performance.now();
        const parts: StageParts = {
          ...{
            recipe,
            stage,
            title,
            losses,
            teacher: shown,
            student,
            pairs,
            batches,
            firstEpoch,
            log,
            signal,
          },
          isTrained: stage.initFrom !== 'random',
          firstStep: runStep,
          keep: async (trained, facts, isBest) => {
            await saveStudent(files.last, trained, facts);
            if (!isBest) return;
            bestStudent = `best-${folderOf(training)}-${facts.epoch}.safetensors`;
            await saveStudent(join(checkpoints.folder, bestStudent), trained, facts);
            await checkpoints.publish(bestStudent, files.best);
          },
          save: async (point, { tensors, counts }) => {
            await log.sync();
            const metrics = log.positions();
            const progress = { ...point, training: i, stages: summaries, counts, metrics, bestStudent };
            await checkpoints.save(tensors, progress, bestStudent === undefined ? [] : [bestStudent]);
            saved = performance.now();
          },
          keepBatch: (error) => keptBatch(error, open!.directory, images.size),
          isDue: () => performance.now() - saved >= 1000 * checkpointSeconds,
        };
        const end = yield* trainStage(parts, from && stateOf(from));
        summaries.push(summaryOf(end.best, end.seconds));
        ({ runStep } = end);
      } finally {
        student.dispose();
      }
    }
    const { directory } = open!;
    const tested = limit ? limited(teacher, limit, 1) : teacher;
    const test = yield* testRun(bestOf(directory, trainings.at(-1)!), tested, signal);
    const { bestEpoch, validation } = summaries.at(-1)!;
    const summary: RunSummary = {
      directory: directory.path,
      stages: summaries,
      bestEpoch,
      validation,
      test,
      seconds: secondsBefore(start) + (performance.now() - began) / 1000,
    };
    await directory.writeSummary(summary);
    return summary;
  } finally {
    await teacher.dispose();
    try {
      await open?.log.close();
    } finally {
      await open?.lock.release();
    }
  }
}

/** A teacher with the first images of each split. A cache that it fills is left as it is. */
function limited(teacher: RunTeacher, { steps, evaluated }: ImageLimit, batchSize: number): RunTeacher {
  const [training, validation, test] = teacher.splits;
  const first = <D extends Dataset>(split: D, count: number): D =>
    firstRows(split, Math.min(count, split.length));
  const splits = [
    first(training, steps * batchSize),
    first(validation, evaluated),
    first(test, evaluated),
  ] as const;
  return { ...teacher, splits, endEpoch: () => Promise.resolve() };
}

/** Where tensors come from that are not of this run. */
function externalInit(initFrom: string): string | undefined {
  return initFrom === 'random' || initFrom === 'previous' ? undefined : initFrom;
}

/** What trainings took before a run goes on. */
function secondsBefore(start: RunStart | undefined): number {
  if (!start) return 0;
  const { stages, seconds } = start.progress;
  return stages.reduce((sum, stage) => sum + stage.seconds, seconds);
}

function stateOf({ progress, tensors }: RunStart): StageState {
  return { point: progress, state: { tensors, counts: progress.counts } };
}

async function loadSplits(
  recipe: Recipe,
): Promise<{ splits: [Dataset, Dataset, Dataset]; skipped: string[] }> {
  const skipped: string[] = [];
  const reading = {
    skipCorrupt: recipe.skipCorrupt,
    onSkipped: (message: string) => void skipped.push(message),
  };
  const splits = (await Promise.all(
    (['train', 'validation', 'test'] as const).map((split) => loadDataset(recipe.data, split, reading)),
  )) as [Dataset, Dataset, Dataset];
  return { splits, skipped };
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
  const begun = (who: 'student' | 'teacher'): RunEvent => ({
    kind: 'evaluating',
    who,
    split: 'test',
    done: 0,
    total: test.length,
  });
  const { student } = await loadStudent(best);
  let ofStudent: Accuracy;
  try {
    yield begun('student');
    ofStudent = yield* evaluating('student', test, (onProgress) =>
      evaluateStudent(student, test, { signal, onProgress }),
    );
  } finally {
    student.dispose();
  }
  if (!live) return { student: ofStudent, teacher: undefined };
  yield begun('teacher');
  const ofTeacher = yield* evaluating('teacher', test, (onProgress) =>
    evaluateTeacher(live, test, { signal, onProgress }),
  );
  return { student: ofStudent, teacher: ofTeacher };
}
