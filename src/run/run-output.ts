import { DirectoryLock } from '../files/directory-lock.js';
import { isWeighed } from '../losses/loss-weight.js';
import type { Recipe } from '../recipe/recipe.js';
import { stageLosses, withAllLosses } from '../recipe/stage-losses.js';
import { toYaml } from '../recipe/to-yaml.js';
import type { RunEnvironment } from './environment.js';
import { MetricsLog } from './metrics-log.js';
import { RunCheckpoints } from './run-checkpoints.js';
import { RunDirectory } from './run-directory.js';
import type { RunStart } from './run-progress.js';

/**
 * What a run writes while it is trained: its directory, checkpoints and metrics. No other process writes in
 * it.
 */
export class RunOutput {
  private constructor(
    readonly directory: RunDirectory,
    readonly checkpoints: RunCheckpoints,
    readonly log: MetricsLog,
    private readonly lock: DirectoryLock,
  ) {}

  /**
   * Makes the directory of a new run or opens that of a resumed one, and writes recipe and environment.
   *
   * @param out the directory of a new run; undefined for the default
   * @param start where the run is resumed; undefined for a new run
   * @throws InputError if another process writes in the directory, or it cannot be written
   */
  static async open(
    recipe: Recipe,
    environment: RunEnvironment,
    out: string | undefined,
    start: RunStart | undefined,
  ): Promise<RunOutput> {
    const directory = start?.directory ?? (await RunDirectory.create(out, recipe.student.name));
    const lock = await DirectoryLock.take(directory.path);
    try {
      await directory.writeRecipe(toYaml(withAllLosses(recipe)));
      const checkpoints = start?.checkpoints ?? (await RunCheckpoints.open(directory.path));
      await directory.writeEnvironment(environment);
      // A complete run that trains further epochs is incomplete until it ends again.
      await directory.removeSummary();
      const log = await MetricsLog.open(directory.path, termsOf(recipe), start?.progress.metrics);
      return new RunOutput(directory, checkpoints, log, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Writes the metrics that wait, and lets other processes write. */
  async close(): Promise<void> {
    try {
      await this.log.close();
    } finally {
      await this.lock.release();
    }
  }
}

/** The names of the loss terms of all stages, each once. */
function termsOf({ stages }: Recipe): string[] {
  const active = stages.flatMap((stage) => stageLosses(stage).filter(({ weight }) => isWeighed(weight)));
  return [...new Set(active.map(({ name }) => name))];
}
