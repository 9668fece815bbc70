import { join } from 'node:path';
import { DirectoryLock } from '../files/directory-lock.js';
import { writeSafetensors } from '../files/safetensors.js';
import { isWeighed } from '../losses/loss-weight.js';
import type { Recipe } from '../recipe/recipe.js';
import { stageLosses, withAllLosses } from '../recipe/stage-losses.js';
import { toYaml } from '../recipe/to-yaml.js';
import type { RunEnvironment } from './environment.js';
import { MetricsLog } from './metrics-log.js';
import { NonFiniteLoss } from '../training/non-finite.js';
import { RunCheckpoints } from './run-checkpoints.js';
import { RunDirectory } from './run-directory.js';
import type { RunStart } from './run.js';

/** What of a run directory is open while it is trained. */
export interface OpenRun {
  readonly directory: RunDirectory;
  readonly lock: DirectoryLock;
  readonly checkpoints: RunCheckpoints;
  readonly log: MetricsLog;
}

/**
 * Makes the directory of a run, or opens that of one which goes on, and writes what it begins with.
 *
 * @throws InputError if another process writes in it, or it cannot be written
 */
export async function openRun(
  recipe: Recipe,
  environment: RunEnvironment,
  out: string | undefined,
  start: RunStart | undefined,
): Promise<OpenRun> {
  const directory = start?.directory ?? (await RunDirectory.create(out, recipe.student.name));
  const lock = await DirectoryLock.take(directory.path);
  try {
    await directory.writeRecipe(toYaml(withAllLosses(recipe)));
    const checkpoints = start?.checkpoints ?? (await RunCheckpoints.open(directory.path));
    await directory.writeEnvironment(environment);
    // A complete run that is trained on is not complete until it ends again.
    await directory.removeSummary();
    const log = await MetricsLog.open(directory.path, termsOf(recipe), start?.progress.metrics);
    return { directory, lock, checkpoints, log };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Writes the batch of an error beside the run, and says so in the error. */
export async function keptBatch(
  { place }: NonFiniteLoss,
  { path }: RunDirectory,
  [height, width]: readonly [number, number],
): Promise<NonFiniteLoss> {
  const file = join(path, 'non-finite-batch.safetensors');
  const { size, images, labels, indices, view } = place.batch;
  const tensors = new Map([
    ['images', { shape: [size, height, width, 3], values: images }],
    ['labels', { shape: [size], values: Float32Array.from(labels) }],
    ['indices', { shape: [size], values: Float32Array.from(indices) }],
  ]);
  await writeSafetensors(file, { tensors, metadata: { view: String(view) } });
  return new NonFiniteLoss({ ...place, file });
}

/** The names of the loss terms of all stages, each once. */
function termsOf({ stages }: Recipe): string[] {
  const active = stages.flatMap((stage) => stageLosses(stage).filter(({ weight }) => isWeighed(weight)));
  return [...new Set(active.map(({ name }) => name))];
}
