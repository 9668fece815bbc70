import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../errors.js';
import type { ProgressListener } from '../progress-listener.js';
import type { Dataset } from './dataset.js';
import { fileOf, type ImageFiles } from './image-files.js';

/** Files that are read at the same time. */
const sideBySide = 8;
/** Bytes that are read of each at a time. */
const pieceBytes = 256 * 1024;

/**
 * SHA-256 of the images of a data set: of indices and labels, then of the pixels of images in memory, or of
 * the path and the SHA-256 of each file, every one of which is read. Paths are relative to the folder, so
 * that machines that share the work may have the images at different places. How images are resized has no
 * influence.
 *
 * @param onProgress called after each file
 * @throws InputError if a file cannot be read; it names the file
 */
export async function imageDigest(
  dataset: Dataset,
  onProgress?: ProgressListener,
): Promise<string> {
  const hash = createHash('sha256');
  const add = ({ buffer, byteOffset, byteLength }: ArrayBufferView): void =>
    void hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  add(dataset.indices);
  add(dataset.labels);
  if ('pixels' in dataset) {
    add(dataset.pixels);
  } else {
    const { files, length } = dataset;
    const digests = await fileDigests(files, length, onProgress);
    for (let row = 0; row < length; row++) {
      hash.update(`${fileOf(files, row)}\0`);
      hash.update(digests.subarray(32 * row, 32 * (row + 1)));
    }
  }
  return hash.digest('hex');
}

/** The SHA-256 of each file's contents, 32 bytes a row. */
async function fileDigests(
  files: ImageFiles,
  length: number,
  onProgress: ProgressListener | undefined,
): Promise<Uint8Array> {
  const digests = new Uint8Array(32 * length);
  let next = 0;
  let done = 0;
  let failed = false;
  const readOnward = async (): Promise<void> => {
    const piece = Buffer.allocUnsafe(pieceBytes);
    while (next < length && !failed) {
      const row = next++;
      try {
        digests.set(await contentsDigest(join(files.folder, fileOf(files, row)), piece), 32 * row);
      } catch (error) {
        failed = true;
        throw error;
      }
      onProgress?.(++done, length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(sideBySide, length) }, readOnward));
  return digests;
}

/** @param piece memory to read into */
async function contentsDigest(path: string, piece: Buffer): Promise<Buffer> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const hash = createHash('sha256');
    for (;;) {
      const { bytesRead } = await file.read(piece, 0, piece.length);
      if (bytesRead === 0) return hash.digest();
      hash.update(piece.subarray(0, bytesRead));
    }
  } catch (cause) {
    throw new InputError(`the image ${path} cannot be read: ${(cause as Error).message}.`, { cause });
  } finally {
    await file?.close();
  }
}
