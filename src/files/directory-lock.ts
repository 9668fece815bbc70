import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../errors.js';
import { writeError } from './atomic-write.js';

/** The name of the lock file in a directory. */
export const lockFile = 'writer.lock';

interface Owner {
  readonly pid: number;
  readonly host: string;
  /**
   * When the process started, in clock ticks since boot: a process number may be used again by another
   * process.
   */
  readonly started: string;
}

/** The right to write in a directory, which only one process has at a time. */
export class DirectoryLock {
  private constructor(private readonly path: string) {}

  /**
   * Takes the lock. A lock left by a process that no longer runs (kill -9, a crash) is taken over.
   *
   * @throws InputError if another process has it
   */
  static async take(directory: string): Promise<DirectoryLock> {
    const path = join(directory, lockFile);
    const own = JSON.stringify({
      pid: process.pid,
      host: hostname(),
      started: await startOf(process.pid),
    } satisfies Owner);
    for (;;) {
      if (await create(path, own)) return new DirectoryLock(path);
      const text = await readFile(path, 'utf8').catch(() => undefined);
      // It was released in the meantime.
      if (text === undefined) continue;
      if (await isHeld(text)) throw heldBy(directory, path, text);
      await removeStale(path, text);
    }
  }

  /** Releases the lock. */
  async release(): Promise<void> {
    await rm(this.path, { force: true });
  }
}

/** Makes the lock file with its content in one step; false if there is one already. */
async function create(path: string, text: string): Promise<boolean> {
  const temporary = `${path}.${process.pid}.${process.hrtime.bigint()}`;
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
    await link(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw writeError(path, error);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Removes a stale lock, unless another process has already put its own in its place. */
async function removeStale(path: string, text: string): Promise<void> {
  const aside = `${path}.${process.pid}.stale`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw writeError(path, error);
  }
  const moved = await readFile(aside, 'utf8');
  if (moved !== text) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

function ownerOf(text: string): Owner | undefined {
  try {
    return JSON.parse(text) as Owner;
  } catch {
    return undefined;
  }
}

async function isHeld(text: string): Promise<boolean> {
  const owner = ownerOf(text);
  if (owner === undefined) return false;
  // Processes of another machine cannot be seen from here.
  if (owner.host !== hostname()) return true;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return (await startOf(owner.pid)) === owner.started;
}

function heldBy(directory: string, path: string, text: string): InputError {
  const owner = ownerOf(text)!;
  const there = owner.host === hostname() ? '' : ` on ${owner.host}`;
  return new InputError(`process ${owner.pid}${there} is writing in ${directory}.`, {
    fix: `wait for it, or choose another directory; if it no longer runs, remove ${path}`,
  });
}

/** Field 22 of /proc/<pid>/stat, counted after the name in parentheses; empty if there is none. */
async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
