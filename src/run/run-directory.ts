import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../errors.js';
import { makeDirectory, writeError, writeFileAtomically } from '../files/atomic-write.js';
import { runFiles } from '../files/run-files.js';

/** The directory of a run: resolved recipe, environment, metrics, students, checkpoints and summary. */
export class RunDirectory {
  private constructor(readonly path: string) {}

  /**
   * Makes the directory `path`, or the first `runs/<name>-<n>` that does not exist.
   *
   * @throws InputError if `path` exists and is not empty, or cannot be written
   */
  static async create(path: string | undefined, name: string): Promise<RunDirectory> {
    if (path !== undefined) {
      if (await isOccupied(path)) {
        throw new InputError(`the output directory ${path} exists and is not empty.`, {
          fix: `choose another \`out\`, or remove it: rm -r ${path}`,
        });
      }
      await makeDirectory(path);
      return new RunDirectory(path);
    }
    for (let n = 1; ; n++) {
      const candidate = join('runs', `${name}-${n}`);
      if (await exists(candidate)) continue;
      await makeDirectory(candidate);
      return new RunDirectory(candidate);
    }
  }

  /**
   * Opens the directory of an existing run: `path`, or with `latest` the run in `runs` with the newest
   * checkpoint.
   *
   * @throws InputError if it is not a run, or there is none
   */
  static async find(path: string): Promise<RunDirectory> {
    const found = path === 'latest' ? await latestRun() : path;
    if (found === undefined)
      throw new InputError('there is no run in runs/ yet.', { fix: 'name the directory of a run' });
    if (await exists(join(found, runFiles.recipe))) return new RunDirectory(found);
    const why = (await exists(found)) ? `has no ${runFiles.recipe}` : 'does not exist';
    throw new InputError(`${found} is not a run: it ${why}.`, {
      fix: 'name the directory that the run printed first and last, or latest',
    });
  }

  /** The path of one of its files. */
  file(kind: keyof typeof runFiles): string {
    return join(this.path, runFiles[kind]);
  }

  /**
   * The files of a stage's students: those of the run itself for the last stage, else in a folder of its own,
   * which is made.
   *
   * @param folder the name of the folder; undefined for the last stage
   */
  async students(folder: string | undefined): Promise<{ best: string; last: string }> {
    if (folder === undefined) return { best: this.file('best'), last: this.file('last') };
    const path = join(this.path, 'stages', folder);
    await makeDirectory(path);
    return { best: join(path, runFiles.best), last: join(path, runFiles.last) };
  }

  async writeRecipe(yaml: string): Promise<void> {
    await writeFileAtomically(this.file('recipe'), yaml);
  }

  async writeEnvironment(environment: object): Promise<void> {
    await writeFileAtomically(this.file('environment'), `${JSON.stringify(environment, null, 2)}\n`);
  }

  /** The environment as it was written; undefined if it cannot be read. */
  async readEnvironment(): Promise<unknown> {
    try {
      return JSON.parse(await readFile(this.file('environment'), 'utf8'));
    } catch {
      return undefined;
    }
  }

  async removeSummary(): Promise<void> {
    await rm(this.file('summary'), { force: true });
  }

  async writeSummary(summary: object): Promise<void> {
    await writeFileAtomically(this.file('summary'), `${JSON.stringify(summary, null, 2)}\n`);
  }

  /** Whether the run is complete. */
  async isComplete(): Promise<boolean> {
    return exists(this.file('summary'));
  }
}

/** The run in `runs` with the newest checkpoint. */
async function latestRun(): Promise<string | undefined> {
  const names = await readdir('runs').catch(() => []);
  const dated = await Promise.all(
    names.map(async (name) => {
      const path = join('runs', name);
      const folder = await stat(join(path, 'checkpoints')).catch(() => undefined);
      return { path, changed: folder?.mtimeMs ?? 0 };
    }),
  );
  return dated.filter(({ changed }) => changed > 0).sort((a, b) => b.changed - a.changed)[0]?.path;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function isOccupied(path: string): Promise<boolean> {
  try {
    return (await readdir(path)).length > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw writeError(path, error);
  }
}
