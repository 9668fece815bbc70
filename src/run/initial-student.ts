import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from '../data/dataset.js';
import { InputError } from '../errors.js';
import { createNetwork, isFullPrecision } from '../models/create-network.js';
import { type Structure, structureKeys, structureOf } from '../models/structure.js';
import type { Network } from '../models/network.js';
import { takeOver } from '../models/take-over.js';
import type { Recipe, Stage } from '../recipe/recipe.js';
import { loadStudent } from '../models/checkpoint.js';
import { runFiles } from '../files/run-files.js';

/** The network with which a stage begins. */
export interface InitialStudent {
  readonly student: Network;
  /** If its tensors are of a full-precision network: the names of those that were not found there. */
  readonly notTaken?: { readonly from: string; readonly names: readonly string[] };
}

/**
 * Makes the student with which a stage begins. Its tensors are random or those of a checkpoint. Latent
 * weights of a checkpoint are used whatever was binary before. A binary network can begin with its
 * full-precision twin (see `takeOver`).
 *
 * @param from the path of a checkpoint or of a run; undefined for random tensors
 * @throws InputError for a checkpoint that cannot be read or is of another network
 */
export async function initialStudent(
  { student: { name, batchNorm, ...structure }, seed }: Recipe,
  { binary, signGradient, activation }: Stage,
  { classes, size }: Dataset,
  from: string | undefined,
): Promise<InitialStudent> {
  const ways = { binary, signGradient, activation, batchNorm };
  const fresh = (): Network =>
    createNetwork(name, { classes: classes.length, size, seed, ...structure, ...ways });
  if (from === undefined) return { student: fresh() };
  const path = await checkpointOf(from);
  const { student: loaded, classes: known } = await loadStudent(path, ways);
  const isOfTwin = isFullPrecision(loaded.name) && name === `bnn-${loaded.name}`;
  const faults = [
    loaded.name !== name && !isOfTwin && `a ${loaded.name}, and the recipe trains ${name}`,
    loaded.size.join() !== size.join() &&
      `for images of ${loaded.size.join('×')}, and those of the data have ${size.join('×')}`,
    ...structureFaults(loaded, structure, isOfTwin),
    known.join() !== classes.join() && 'for other classes than those of the data',
  ].filter((fault) => fault !== false);
  if (faults.length > 0) {
    loaded.dispose();
    throw new InputError(`the checkpoint ${path} is ${faults[0]}.`, {
      fix: 'name another with initFrom, or begin with random tensors',
    });
  }
  if (!isOfTwin) return { student: loaded };
  const student = fresh();
  const names = takeOver(student, loaded);
  loaded.dispose();
  return { student, notTaken: { from: path, names } };
}

/**
 * The differences between a loaded network's structure and the recipe; of a twin only the width is compared.
 */
function structureFaults(loaded: Network, structure: Structure, isOfTwin: boolean): string[] {
  const held = structureOf(loaded.metadata);
  const keys = isOfTwin ? (['width'] as const) : structureKeys;
  return keys
    .filter((key) => held[key] !== structure[key])
    .map((key) => `of ${key} '${held[key]}', and the recipe has '${structure[key]}'`);
}

/** The path of a checkpoint, or of the best student of a run. */
export async function checkpointOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (!found) {
    throw new InputError(`there is no checkpoint and no run at ${path}.`, {
      fix: 'set initFrom to random, previous, or the path of a checkpoint or of a run',
    });
  }
  return found.isDirectory() ? join(path, runFiles.best) : path;
}
