import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { InputError, RunError } from '../errors.js';

/**
 * Writes a file so that it exists in full or not at all: it is written under a temporary name in the same
 * directory, synced and renamed, and the directory is synced.
 *
 * @throws InputError without permission to write there, RunError for a full disk or any other failure
 */
export async function writeFileAtomically(
  path: string,
  parts: string | readonly Uint8Array[],
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    const file = await open(temporary, 'w');
    try {
      for (const part of typeof parts === 'string' ? [Buffer.from(parts)] : parts) await writeAll(file, part);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    // The first error is the one that is reported.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw writeError(path, error);
  }
}

/** Makes a directory and its parents. Errors are those of {@link writeFileAtomically}. */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw writeError(path, error);
  }
}

type FileHandle = Awaited<ReturnType<typeof open>>;

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let offset = 0;
  while (offset < bytes.length) offset += (await file.write(bytes, offset)).bytesWritten;
}

/** Makes renames in a directory survive a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Turns a failure to write into an error with one sentence. */
export function writeError(path: string, error: unknown): InputError | RunError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new InputError(`cannot write ${path}: permission denied.`, {
      fix: 'choose another `out`, or change the permissions of its directory',
      cause: error,
    });
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new RunError(`cannot write ${path}: the disk is full.`, {
      fix: 'free some space and run the command again',
      cause: error,
    });
  }
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return new InputError(
      `cannot write ${path}: a part of this path is a file, and a directory was expected.`,
      {
        fix: 'choose another `out`',
        cause: error,
      },
    );
  }
  return new RunError(`cannot write ${path}: ${message}.`, { cause: error });
}
