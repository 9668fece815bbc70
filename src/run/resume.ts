import { InputError } from '../errors.js';
import type { Recipe } from '../recipe/recipe.js';
import { type FlagSetting, resolveRecipe } from '../recipe/resolve-recipe.js';
import { RunCheckpoints } from './run-checkpoints.js';
import { RunDirectory } from './run-directory.js';
import type { RunEvent, RunSummary } from './run-events.js';
import { progressOf, type RunProgress, type StoredProgress } from './run-progress.js';
import { type RunOptions, trainRun } from './run.js';
import { type Generation, generationsOf } from './stage-generations.js';

/** Settings that may change when a run is resumed. */
export interface ResumeOptions extends Pick<RunOptions, 'signal' | 'checkpointSeconds'> {
  /** The epochs of the current stage, at least those begun. The schedule follows the new number. */
  readonly epochs?: number | undefined;
  readonly threads?: number | undefined;
  readonly provider?: Recipe['provider'] | undefined;
  /** The new place of the same data. */
  readonly data?: string | undefined;
}

/** A run that can be resumed. */
export interface ResumableRun {
  readonly directory: RunDirectory;
  readonly recipe: Recipe;
  /** Trains it to its end, as `distill` does. */
  readonly train: () => AsyncGenerator<RunEvent, RunSummary>;
}

/**
 * Opens an interrupted run. It continues from its newest undamaged checkpoint in the same directory, and
 * gives the same bits as a run without interruption.
 *
 * @param path the directory of the run, or `latest`
 * @throws InputError if it is not a run, is complete, has no undamaged checkpoint, or a setting cannot change
 */
export async function resume(path: string, options: ResumeOptions = {}): Promise<ResumableRun> {
  const directory = await RunDirectory.find(path);
  const before = (await resolveRecipe({ recipe: directory.file('recipe') })).recipe;
  const checkpoints = await RunCheckpoints.open(directory.path);
  const { checkpoint, damaged } = await checkpoints.newest();
  if (!checkpoint) {
    throw new InputError(
      damaged.length > 0
        ? `no checkpoint of the run in ${directory.path} is whole: ${damaged.join(' ')}`
        : `the run in ${directory.path} was interrupted before its first checkpoint.`,
      { fix: `begin again with its recipe, ${directory.file('recipe')}` },
    );
  }
  const progress = progressOf(checkpoint.state as StoredProgress);
  const generation = generationsOf(before)[progress.generationIndex];
  checkEpochs(directory.path, generation, progress, options.epochs, await directory.isComplete());
  const flags = flagsOf(generation, options);
  const { recipe } = await resolveRecipe({ recipe: directory.file('recipe'), flags });
  const changes = flags.flatMap(({ flag, path: at, value }) => {
    const old = valueAt(before, at);
    return old === value ? [] : [`${flag.replaceAll('`', '')} is ${String(value)}, and was ${String(old)}`];
  });
  const { epoch, step } = progress;
  const event = { kind: 'resumed', directory: directory.path, stage: generation.title, epoch, step } as const;
  const start = {
    directory,
    checkpoints,
    progress,
    tensors: checkpoint.tensors,
    event: { ...event, checkpoint: checkpoint.path, changes, damaged },
  };
  const { signal, checkpointSeconds } = options;
  return { directory, recipe, train: () => trainRun(recipe, { signal, checkpointSeconds }, start) };
}

function flagsOf(generation: Generation, { epochs, threads, provider, data }: ResumeOptions): FlagSetting[] {
  const settings: FlagSetting[] = [
    { flag: '`epochs`', path: ['stages', generation.title.index, 'epochs'], value: epochs },
    { flag: '`threads`', path: ['threads'], value: threads },
    { flag: '`provider`', path: ['provider'], value: provider },
    { flag: '`data`', path: ['data'], value: data },
  ];
  return settings.filter(({ value }) => value !== undefined);
}

/** Refuses fewer epochs than were begun, and a complete run without further epochs. */
function checkEpochs(
  run: string,
  { stage, title, isLast }: Generation,
  { epoch, step }: RunProgress,
  epochs: number | undefined,
  isComplete: boolean,
): void {
  const begun = epoch + (step > 0 ? 1 : 0);
  if (epochs !== undefined && epochs < begun)
    throw new InputError(
      `\`epochs\` is ${epochs}, but stage '${title.name}' has begun epoch ${begun}; expected at least ${begun}.`,
    );
  if (epochs !== undefined && epochs !== stage.epochs && title.generations > 1)
    throw new InputError(
      `\`epochs\` cannot change while the generations of stage '${title.name}' are under way, which all have ${stage.epochs}.`,
    );
  if (isLast && isComplete && (epochs ?? stage.epochs) === epoch)
    throw new InputError(`the run in ${run} is complete: it has its ${epoch} epochs.`, {
      fix: `to train on, ask for more, for instance \`epochs: ${2 * epoch}\``,
    });
}

function valueAt(recipe: Recipe, path: FlagSetting['path']): unknown {
  return path.reduce<unknown>((part, key) => (part as Record<string | number, unknown>)[key], recipe);
}
