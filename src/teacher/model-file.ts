import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { InputError } from '../errors.js';
import { type OnnxModel, readOnnx } from './onnx-wire.js';

/** A model that was read from disk. */
export interface ModelFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly model: OnnxModel;
  /** Further files with initialisers, in the order of the graph. */
  readonly external: readonly { readonly path: string; readonly data: Uint8Array }[];
  /** SHA-256 of the model, then of each external file. */
  readonly sha256: readonly string[];
}

/**
 * Reads an ONNX model and its external data.
 *
 * @throws InputError for a file that is missing, unreadable, truncated or not an ONNX model, and for external
 *   data outside the model's folder.
 */
export async function readModelFile(path: string): Promise<ModelFile> {
  const bytes = await read(path, `the model ${path}`);
  const model = readOnnx(bytes, path);
  const folder = resolve(dirname(path));
  const external: { path: string; data: Uint8Array }[] = [];
  for (const name of model.externalFiles) {
    const file = resolve(folder, name);
    const within = relative(folder, file);
    // A model may come from anywhere: it must not decide which other files of the machine are read.
    if (within.startsWith('..') || isAbsolute(within))
      throw new InputError(`${path} keeps data in ${name}, which is outside its own folder`);
    external.push({ path: name, data: await read(file, `${name}, where ${path} keeps data,`) });
  }
  return {
    path,
    bytes,
    model,
    external,
    sha256: [bytes, ...external.map(({ data }) => data)].map(sha256Hex),
  };
}

function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function read(path: string, what: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const reason =
      code === 'ENOENT'
        ? 'does not exist'
        : code === 'EISDIR'
          ? 'is a folder, not a file'
          : code === 'ERR_FS_FILE_TOO_LARGE'
            ? 'is larger than 2 GiB'
            : `cannot be read (${(error as Error).message})`;
    throw new InputError(`${what} ${reason}`, { cause: error });
  }
}
