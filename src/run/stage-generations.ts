import { join } from 'node:path';
import { runFiles } from '../files/run-files.js';
import type { Recipe, Stage } from '../recipe/recipe.js';
import type { StageTitle } from './stage-title.js';

/** One pass of a stage. A stage has one generation unless its recipe says otherwise. */
export interface Generation {
  /** Its place among all generations of the run, from 0. */
  readonly index: number;
  readonly stage: Stage;
  readonly title: StageTitle;
  /** The epochs of the run before it. */
  readonly firstEpoch: number;
  readonly isLast: boolean;
}

/** All generations of a run in order: each stage as often as its recipe says. */
export function generationsOf({ stages }: Pick<Recipe, 'stages'>): Generation[] {
  const all: Generation[] = [];
  let firstEpoch = 0;
  for (const [stageIndex, stage] of stages.entries()) {
    const { name, generations } = stage;
    for (let generation = 1; generation <= generations; generation++) {
      const title = { name, index: stageIndex, count: stages.length, generation, generations };
      const isLast = stageIndex === stages.length - 1 && generation === generations;
      all.push({ index: all.length, stage, title, firstEpoch, isLast });
      firstEpoch += stage.epochs;
    }
  }
  return all;
}

/** The folder of a generation's own files, which also names its best students. */
export function folderOf({ title: { name, generation, generations } }: Generation): string {
  return generations > 1 ? `${name}-${generation}` : name;
}

/** Whether the student of the generation before is the teacher. */
export function isTaughtByStudent({ stage: { teacher }, title }: Generation): boolean {
  return teacher === 'previous' || title.generation > 1;
}

/** The best student of a generation, once it is complete. */
export function bestOf(runDirectory: string, generation: Generation): string {
  return generation.isLast
    ? join(runDirectory, runFiles.best)
    : join(runDirectory, 'stages', folderOf(generation), runFiles.best);
}

/** Where the student of a generation has its first tensors from: a path, or undefined for random ones. */
export function initOf(
  { stage: { initFrom }, title }: Generation,
  all: readonly Generation[],
  runDirectory: string,
): string | undefined {
  if (initFrom !== 'previous') return externalInit(initFrom);
  // The last generation of the stage before.
  const before = all.findLast((other) => other.title.index === title.index - 1)!;
  return bestOf(runDirectory, before);
}

/** The path of tensors that are not of this run; undefined where there are none. */
export function externalInit(initFrom: string): string | undefined {
  return initFrom === 'random' || initFrom === 'previous' ? undefined : initFrom;
}
