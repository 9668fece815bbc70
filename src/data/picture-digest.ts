import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../errors.js';
import type { Dataset } from './dataset.js';
import { fileOf } from './picture-files.js';

/**
 * SHA-256 of what tells the pictures of a data set from others: indices and labels, then the pixels of pictures in memory;
 * of pictures in files the path and the length in bytes of each. The folder may be another, so that machines which share
 * the work need not have the pictures at the same place; a file that is changed and keeps its length is not noticed. How
 * pictures are resized is not part of it.
 *
 * @throws InputError if a file is not there any more
 */
export function pictureDigest(dataset: Dataset): string {
  const hash = createHash('sha256');
  const add = ({ buffer, byteOffset, byteLength }: ArrayBufferView): void =>
    void hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  add(dataset.indices);
  add(dataset.labels);
  if ('pixels' in dataset) {
    add(dataset.pixels);
  } else {
    const { files, length } = dataset;
    for (let row = 0; row < length; row++) {
      const path = fileOf(files, row);
      hash.update(`${path}\0${lengthOf(join(files.folder, path))}\n`);
    }
  }
  return hash.digest('hex');
}

function lengthOf(path: string): number {
  try {
    return statSync(path).size;
  } catch (cause) {
    throw new InputError(`the picture ${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
