import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../errors.js';
import { writeError } from './atomic-write.js';

/** The lock's name in its directory. */
export const lockFile = 'writer.lock';

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When the process started, in clock ticks since the machine did: a number that was used again is another process. */
  readonly started: string;
}

/** The right to write in a directory: one process at a time has it. */
export class DirectoryLock {
  private constructor(private readonly path: string) {}

  /**
   * Takes the lock. One that a process left which does not run any more (kill -9, a crash) is taken over.
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
      // It was given back in the meantime.
      if (text === undefined) continue;
      if (await isHeld(text)) throw heldBy(directory, path, text);
      await removeStale(path, text);
    }
  }

  /** Gives the lock back. */
  async release(): Promise<void> {
    await rm(this.path, { force: true });
  }
}

/** Makes the lock in one step, content and all; false if there is one. */
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

/** Takes a stale lock away, unless another process did and has put its own in the place. */
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
  // A process of another machine cannot be looked for.
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
    fix: `wait for it, or choose another directory; if it does not run any more, remove ${path}`,
  });
}

/** Field 22 of /proc/<pid>/stat, counted behind the name in parentheses; empty where there is none. */
async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
