import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../errors.js';
import type { CacheFormat, Envelopes } from './cache-format.js';
import { type CacheFile, manifestFile } from './manifest.js';

/**
 * Checks a file of a cache: that it exists with the right size, and that columns and record batches in its
 * footer agree with the layout. Rows are checked when they are read.
 *
 * @throws InputError that names the file and what is wrong
 */
export async function checkPart(
  directory: string,
  part: CacheFile,
  format: CacheFormat,
  envelopes: Envelopes,
): Promise<void> {
  const path = join(directory, part.name);
  const plan = format.parts[format.partOf(part.view, part.firstRow)];
  if (plan?.name !== part.name || plan.firstRow !== part.firstRow || plan.rows !== part.rows)
    throw damagedPart(path, `the layout in ${manifestFile} has no such file`);
  const layout = envelopes.layout(part.rows);
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    const state = error.code === 'ENOENT' ? 'is missing' : `cannot be read (${error.message})`;
    throw new InputError(`${path} ${state}, but ${manifestFile} lists it.`, { fix, cause: error });
  });
  try {
    const { size } = await file.stat();
    if (size !== part.bytes)
      throw damagedPart(path, `it has ${size} bytes, but ${manifestFile} says ${part.bytes}`);
    const start = layout.batchOffset(layout.batches);
    const tail = Buffer.alloc(Math.max(0, size - start));
    await file.read(tail, 0, tail.length, start);
    // Checked before decoding, since a damaged footer could demand all memory.
    if (createHash('sha256').update(tail).digest('hex') !== part.footerSha256)
      throw damagedPart(path, `its footer does not have the SHA-256 of ${manifestFile}`);
    const difference = envelopes.tailDifference(tail, layout);
    if (difference !== undefined) throw damagedPart(path, difference);
  } finally {
    await file.close();
  }
}

const fix = 'restore it from a copy, or make the cache again';

/** The error for a damaged file of a cache. */
export function damagedPart(path: string, why: string): InputError {
  return new InputError(`${path} is damaged: ${why}.`, { fix });
}
