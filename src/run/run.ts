import { useBackend } from '../backends/use-backend.js';
import { loadDataset } from '../data/data-spec.js';
import type { Dataset } from '../data/dataset.js';
import { InputError } from '../errors.js';
import type { Accuracy } from '../evaluation/accuracy.js';
import { evaluateStudent, evaluateTeacher } from '../evaluation/evaluate.js';
import { loadStudent } from '../models/checkpoint.js';
import { checkRecipe, checkRunnable } from '../recipe/check-recipe.js';
import type { Recipe } from '../recipe/recipe.js';
import { checkEnvironment, runEnvironment } from './environment.js';
import type { ImageLimit } from './image-limit.js';
import { evaluating, hashing } from './progress-events.js';
import type { RunEvent, RunSummary, StageSummary } from './run-events.js';
import { RunOutput } from './run-output.js';
import type { RunStart } from './run-progress.js';
import { RunStage } from './run-stage.js';
import type { Splits } from './run-teacher.js';
import { bestOf, externalInit, type Generation, generationsOf, initOf } from './stage-generations.js';
import { StageOutput } from './stage-output.js';
import { tryLaterStages } from './stage-teacher.js';

/** Options of a run, besides its recipe. */
export interface RunOptions {
  /** The run directory; by default the first free `runs/<student>-<n>`. */
  readonly out?: string | undefined;
  /** Ends the run after the current step, with a checkpoint from which it can be resumed. */
  readonly signal?: AbortSignal | undefined;
  /** Seconds from one checkpoint to the next within an epoch, at least 0; default 300. */
  readonly checkpointSeconds?: number | undefined;
}

/** Options of a run that may be a trial, limited to a few images. */
export interface TrialOptions extends RunOptions {
  readonly limit?: ImageLimit;
}

/** Seconds from one checkpoint to the next within an epoch, by default. */
export const defaultCheckpointSeconds = 300;

/**
 * Trains a student by distillation, stage after stage, and writes a run directory. It yields events and
 * returns the summary.
 *
 *     for await (const event of distill(recipe)) if (event.kind === 'epoch') console.log(event.validation);
 *
 * A stage starts with the student of the best epoch of the stage before, by the validation split; optimizer
 * and connectors are new. `resume` continues an interrupted run.
 *
 * @throws InputError for settings, files or data that are wrong; RunError when the work fails; the reason of
 *   the signal when it aborts
 */
export function distill(recipe: Recipe, options: RunOptions = {}): AsyncGenerator<RunEvent, RunSummary> {
  return trainRun(recipe, options);
}

/**
 * Trains a run from its start, or from where it is resumed, to its end. A trial is limited to a few images.
 *
 * @param start where to resume; undefined for a new run
 */
export async function* trainRun(
  recipe: Recipe,
  options: TrialOptions,
  start?: RunStart,
): AsyncGenerator<RunEvent, RunSummary> {
  const run = yield* Run.open(recipe, options, start);
  try {
    for (const generation of run.generationsLeft) {
      const stage = yield* run.openStage(generation);
      yield* run.trainStage(stage);
    }
    return yield* run.finish();
  } finally {
    await run.dispose();
  }
}

/** A run, new or resumed: the data, the stage that is being trained, and what is written. */
class Run {
  readonly #generations: readonly Generation[];
  readonly #summaries: StageSummary[];
  #splits: Splits;
  #runStep: number;
  #stage: RunStage | undefined;
  #output: RunOutput | undefined;

  private constructor(
    private readonly recipe: Recipe,
    private readonly options: TrialOptions,
    private readonly start: RunStart | undefined,
    private readonly began: number,
    splits: Splits,
  ) {
    this.#generations = generationsOf(recipe);
    this.#summaries = [...(start?.progress.stages ?? [])];
    this.#runStep = start?.progress.runStep ?? 0;
    this.#splits = splits;
  }

  /** Checks recipe and options, starts the backend and loads the data. */
  static async *open(
    recipe: Recipe,
    options: TrialOptions,
    start: RunStart | undefined,
  ): AsyncGenerator<RunEvent, Run> {
    const began = performance.now();
    checkRecipe(recipe);
    checkRunnable(recipe);
    checkCheckpointSeconds(options);
    await useBackend(recipe.backend, { threads: recipe.threads });
    const { splits, skipped } = await loadSplits(recipe);
    for (const message of skipped) yield { kind: 'skipped', message };
    return new Run(recipe, options, start, began, splits);
  }

  /** The generations of the stages that are not complete, in order. */
  get generationsLeft(): readonly Generation[] {
    return this.#generations.slice(this.start?.progress.generationIndex ?? 0);
  }

  /**
   * Opens a stage in the place of the one before. With the first one, later teachers are tried too; then the
   * run directory is made or opened. So whatever may be refused is refused before anything is written.
   */
  async *openStage(generation: Generation): AsyncGenerator<RunEvent, RunStage> {
    await this.#closeStage();
    const stage = yield* RunStage.open(this.recipe, generation, {
      splits: this.#splits,
      taughtBy: this.#studentBefore(generation),
      init: this.#initOf(generation),
      runStep: this.#runStep,
      start: this.#startOf(generation),
      limit: this.options.limit,
      signal: this.options.signal,
    });
    this.#stage = stage;
    this.#splits = stage.splits;
    if (!this.#output) yield* this.#begin(stage);
    return stage;
  }

  /** Trains the stage that is open. */
  async *trainStage(stage: RunStage): AsyncGenerator<RunEvent> {
    const { generation } = stage;
    const output = await StageOutput.open(this.#output!, generation, {
      summaries: this.#summaries,
      checkpointSeconds: this.options.checkpointSeconds ?? defaultCheckpointSeconds,
      bestStudent: this.#startOf(generation)?.progress.bestStudent,
    });
    yield* stage.train(output);
    this.#summaries.push(stage.summary);
    this.#runStep = stage.runStep;
  }

  /** Evaluates the best student of the last stage on the test split, and writes the summary. */
  async *finish(): AsyncGenerator<RunEvent, RunSummary> {
    const { directory } = this.#output!;
    const test = yield* this.#test(bestOf(directory.path, this.#generations.at(-1)!));
    const { bestEpoch, validation } = this.#summaries.at(-1)!;
    const summary: RunSummary = {
      directory: directory.path,
      stages: this.#summaries,
      bestEpoch,
      validation,
      test,
      seconds: secondsBefore(this.start) + (performance.now() - this.began) / 1000,
    };
    await directory.writeSummary(summary);
    return summary;
  }

  /** Frees the stage that is open, and closes the run directory. */
  async dispose(): Promise<void> {
    try {
      await this.#closeStage();
    } finally {
      await this.#output?.close();
    }
  }

  /** Tries what later stages need, and makes or opens the run directory. */
  async *#begin(stage: RunStage): AsyncGenerator<RunEvent> {
    const { recipe, start } = this;
    for (const message of stage.teacher.notes) yield { kind: 'skipped', message };
    const splits = this.#splits;
    yield* hashing((onHashed) => tryLaterStages(recipe, this.generationsLeft, splits, onHashed));
    const environment = await runEnvironment(recipe, stage.teacher.splits[0]);
    if (start) checkEnvironment(start.directory.path, await start.directory.readEnvironment(), environment);
    this.#output = await RunOutput.open(recipe, environment, this.options.out, start);
    const [{ length: trainingImages }, { length: validationImages }] = splits;
    const { parameters } = stage.student.store;
    yield (
      start?.event ?? {
        kind: 'started',
        directory: this.#output.directory.path,
        trainingImages,
        validationImages,
        trainingPictures: trainingImages,
        validationPictures: validationImages,
        parameters: parameters.reduce((sum, { variable }) => sum + variable.size, 0),
      }
    );
  }

  /** The accuracy of a student on the test split, and that of the last teacher where it is a model. */
  async *#test(path: string): AsyncGenerator<RunEvent, RunSummary['test']> {
    const { signal } = this.options;
    const { splits, live } = this.#stage!.teacher;
    const [, , images] = splits;
    const begun = (who: 'student' | 'teacher'): RunEvent => ({
      kind: 'evaluating',
      who,
      split: 'test',
      done: 0,
      total: images.length,
    });
    const { student: best } = await loadStudent(path);
    let student: Accuracy;
    try {
      yield begun('student');
      student = yield* evaluating('student', images, (onProgress) =>
        evaluateStudent(best, images, { signal, onProgress }),
      );
    } finally {
      best.dispose();
    }
    if (!live) return { student, teacher: undefined };
    yield begun('teacher');
    const teacher = yield* evaluating('teacher', images, (onProgress) =>
      evaluateTeacher(live, images, { signal, onProgress }),
    );
    return { student, teacher };
  }

  async #closeStage(): Promise<void> {
    const stage = this.#stage;
    this.#stage = undefined;
    await stage?.dispose();
  }

  /** The directory of the run; undefined before it is made. */
  get #directory(): string | undefined {
    return (this.#output ?? this.start)?.directory.path;
  }

  /** Where a generation is resumed; undefined if it starts from its beginning. */
  #startOf({ index }: Generation): RunStart | undefined {
    return this.start?.progress.generationIndex === index ? this.start : undefined;
  }

  /** The best student of the generation before; undefined for the first one. */
  #studentBefore({ index }: Generation): string | undefined {
    return index > 0 ? bestOf(this.#directory!, this.#generations[index - 1]) : undefined;
  }

  /** Where the student of a generation has its first tensors from; undefined for random ones. */
  #initOf(generation: Generation): string | undefined {
    const directory = this.#directory;
    // The checkpoint of a resumed generation replaces them, so that those of this run need not be read.
    return this.#startOf(generation) || directory === undefined
      ? externalInit(generation.stage.initFrom)
      : initOf(generation, this.#generations, directory);
  }
}

function checkCheckpointSeconds({ checkpointSeconds = defaultCheckpointSeconds }: RunOptions): void {
  if (checkpointSeconds >= 0) return;
  throw new InputError(`\`checkpointSeconds\` must be at least 0, got ${checkpointSeconds}.`);
}

/** The seconds that the run took before it was resumed. */
function secondsBefore(start: RunStart | undefined): number {
  if (!start) return 0;
  const { stages, seconds } = start.progress;
  return stages.reduce((sum, stage) => sum + stage.seconds, seconds);
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
