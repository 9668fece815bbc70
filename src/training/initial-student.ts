import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from '../data/dataset.js';
import { InputError } from '../errors.js';
import { type BinaryResNet, createStudent } from '../models/bnn-resnet.js';
import type { Recipe, Stage } from '../recipe/recipe.js';
import { loadStudent } from './checkpoint.js';
import { runFiles } from './run-directory.js';

/**
 * The student as a stage begins: with random tensors, or with those of a checkpoint, whose latent weights are trained on
 * whatever was binary before.
 *
 * @param from the path of a checkpoint or of a run; undefined for random tensors
 * @throws InputError for a checkpoint that cannot be read, or of another network than the recipe's
 */
export async function initialStudent(
  { student: { name, block }, seed }: Recipe,
  { binary, signGradient }: Stage,
  { classes, size }: Dataset,
  from: string | undefined,
): Promise<BinaryResNet> {
  const ways = { binarise: binary, signGradient };
  if (from === undefined) return createStudent(name, { classes: classes.length, size, seed, block, ...ways });
  const path = await checkpointOf(from);
  const { student, classes: known } = await loadStudent(path, ways);
  const faults = [
    student.name !== name && `a ${student.name}, and the recipe trains ${name}`,
    student.size.join() !== size.join() &&
      `for pictures of ${student.size.join('×')}, and those of the data have ${size.join('×')}`,
    student.block !== block && `of blocks '${student.block}', and the recipe has '${block}'`,
    known.join() !== classes.join() && 'for other classes than those of the data',
  ].filter((fault) => fault !== false);
  if (faults.length === 0) return student;
  student.dispose();
  throw new InputError(`the checkpoint ${path} is ${faults[0]}.`, {
    fix: 'name another with initFrom, or begin with random tensors',
  });
}

/** A checkpoint by its own path, or the best one of a run by its directory. */
export async function checkpointOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (!found) {
    throw new InputError(`there is no checkpoint and no run at ${path}.`, {
      fix: 'set initFrom to random, previous, or the path of a checkpoint or of a run',
    });
  }
  return found.isDirectory() ? join(path, runFiles.best) : path;
}
