import { join } from 'node:path';
import type { Recipe, Stage } from '../recipe/recipe.js';
import { runFiles } from '../files/run-files.js';
import type { RunDirectory } from './run-directory.js';
import type { StageTitle } from './stage-title.js';

/** One training: a stage, or one generation of it. */
export interface Training {
  readonly stage: Stage;
  readonly title: StageTitle;
  /** The epochs of the run before it. */
  readonly firstEpoch: number;
  readonly isLast: boolean;
}

/** The trainings of a run in order: each stage as often as it has generations. */
export function trainingsOf({ stages }: Pick<Recipe, 'stages'>): Training[] {
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

/** The name of a training's own files. */
export function folderOf({ title: { name, generation, generations } }: Training): string {
  return generations > 1 ? `${name}-${generation}` : name;
}

/** Whether the student of the training before teaches. */
export function isTaughtByStudent({ stage: { teacher }, title }: Training): boolean {
  return teacher === 'previous' || title.generation > 1;
}

/** The best student of a training, once it is over. */
export function bestOf({ path }: Pick<RunDirectory, 'path'>, training: Training): string {
  return training.isLast
    ? join(path, runFiles.best)
    : join(path, 'stages', folderOf(training), runFiles.best);
}

/** Where the tensors of the training at `place` come from: a path, or undefined for random ones. */
export function initOf(
  trainings: readonly Training[],
  place: number,
  directory: RunDirectory,
): string | undefined {
  const { initFrom } = trainings[place].stage;
  if (initFrom === 'random') return undefined;
  if (initFrom !== 'previous') return initFrom;
  const { index } = trainings[place].title;
  // The last generation of the stage before.
  const before = trainings.findLast(({ title }) => title.index === index - 1)!;
  return bestOf(directory, before);
}
