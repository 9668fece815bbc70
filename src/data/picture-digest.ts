import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../errors.js';
import type { Dataset } from './dataset.js';
import { fileOf } from './picture-files.js';

// Asking for the sizes of many files one after the other is mostly waiting.
const sideBySide = 16;

/**
 * SHA-256 of what tells the pictures of a data set from others: indices and labels, then the pixels of pictures in memory;
 * of pictures in files the path and the length in bytes of each, and how they are resized. The folder may be another, so
 * that machines which share the work need not have the pictures at the same place; a file that is changed and keeps its
 * length is not noticed.
 *
 * @throws InputError if a file is not there any more
 */
export async function pictureDigest(dataset: Dataset): Promise<string> {
  const hash = createHash('sha256');
  const add = ({ buffer, byteOffset, byteLength }: ArrayBufferView): void =>
    void hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  add(dataset.indices);
  add(dataset.labels);
  if ('pixels' in dataset) {
    add(dataset.pixels);
    return hash.digest('hex');
  }
  const { files, resize, length } = dataset;
  const { short, interpolation } = resize;
  hash.update(JSON.stringify([short, interpolation]));
  for (let first = 0; first < length; first += sideBySide) {
    const rows = Array.from({ length: Math.min(sideBySide, length - first) }, (_, n) => first + n);
    const lines = await Promise.all(
      rows.map(async (row) => `${fileOf(files, row)}\0${await lengthOf(join(files.folder, fileOf(files, row)))}\n`),
    );
    for (const line of lines) hash.update(line);
  }
  return hash.digest('hex');
}

async function lengthOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (cause) {
    throw new InputError(`the picture ${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
