import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Recipe } from '../recipe/recipe.js';
import { resolveRecipe } from '../recipe/resolve-recipe.js';
import type { Accuracy } from '../evaluation/accuracy.js';
import { newestState } from './run-checkpoints.js';
import { runFiles } from '../files/run-files.js';
import { RunDirectory } from './run-directory.js';
import { generationsOf } from './stage-generations.js';

/** The facts of a run for a list. */
export interface RunFacts {
  readonly directory: string;
  readonly recipe: Recipe;
  /** When it began. */
  readonly began: Date;
  readonly isComplete: boolean;
  /** Epochs of all stages that are done. */
  readonly epochs: number;
  /** The number of epochs of all stages. */
  readonly allEpochs: number;
  /** The validation accuracy of the best epoch of the latest stage that has one. */
  readonly validation: Accuracy | undefined;
  /** The student's test accuracy; undefined if the run is not complete. */
  readonly test: Accuracy | undefined;
  readonly seconds: number | undefined;
}

const accuracySchema = z.object({ top1: z.number(), top5: z.number(), total: z.number() });
const summarySchema = z.object({
  validation: accuracySchema,
  test: z.object({ student: accuracySchema }),
  seconds: z.number(),
});
const progressSchema = z.object({
  /** The index of the generation that is being trained; see `StoredProgress`. */
  training: z.number(),
  epoch: z.number(),
  best: z.object({ validation: accuracySchema }).optional(),
});

/**
 * Reads the facts of a run.
 *
 * @throws InputError if the directory is not a run
 */
export async function runFacts(path: string): Promise<RunFacts> {
  const directory = await RunDirectory.find(path);
  const { recipe } = await resolveRecipe({ recipe: directory.file('recipe') });
  const { birthtime } = await stat(directory.file('recipe'));
  const generations = generationsOf(recipe);
  const allEpochs = generations.reduce((sum, { stage }) => sum + stage.epochs, 0);
  const common = { directory: directory.path, recipe, began: birthtime, allEpochs };
  const text = await readFile(directory.file('summary'), 'utf8').catch(() => undefined);
  const summary = text === undefined ? undefined : summarySchema.parse(JSON.parse(text));
  if (summary) {
    const { validation, test, seconds } = summary;
    return { ...common, isComplete: true, epochs: allEpochs, validation, test: test.student, seconds };
  }
  const state = progressSchema.safeParse(await newestState(directory.path));
  const progress = state.success ? state.data : { training: 0, epoch: 0 };
  const { firstEpoch } = generations[progress.training];
  const validation = state.success ? state.data.best?.validation : undefined;
  const epochs = firstEpoch + progress.epoch;
  return { ...common, isComplete: false, epochs, validation, test: undefined, seconds: undefined };
}

/** The runs in a folder in the order in which they began. Other entries are ignored. */
export async function runsIn(folder: string): Promise<RunFacts[]> {
  const names = await readdir(folder).catch(() => []);
  const found: RunFacts[] = [];
  for (const name of names) {
    const path = join(folder, name);
    if (await stat(join(path, runFiles.recipe)).catch(() => undefined)) found.push(await runFacts(path));
  }
  return found.sort((a, b) => a.began.getTime() - b.began.getTime());
}

/** The settings in which recipes differ: the path, and the value of each recipe. */
export function differingSettings(recipes: readonly Recipe[]): { path: string; values: unknown[] }[] {
  const flat = recipes.map((recipe) => new Map(leavesOf(recipe, '')));
  const paths = new Set(flat.flatMap((settings) => [...settings.keys()]));
  return [...paths]
    .map((path) => ({ path, values: flat.map((settings) => settings.get(path)) }))
    .filter(({ values }) => values.some((value) => JSON.stringify(value) !== JSON.stringify(values[0])));
}

function leavesOf(value: unknown, path: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, part]) =>
    leavesOf(part, Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`),
  );
}
