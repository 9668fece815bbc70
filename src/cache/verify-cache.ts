import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProgressListener } from '../progress-listener.js';
import { InputError } from '../errors.js';
import { CacheFormat, crcColumn, Envelopes, type PartPlan } from './cache-format.js';
import { columnNames } from './columns.js';
import { type CacheFile, type Manifest, requireManifest } from './manifest.js';
import { checkPart, damagedPart } from './part-check.js';
import { sha256OfFile } from './part-file.js';
import { rowCrc } from './row-codec.js';

/** The size of a cache without damage. */
export interface VerifiedCache {
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
  /** Missing parts, if it is a shard or incomplete. */
  readonly missing: readonly PartPlan[];
}

/**
 * Checks all of a cache: size, footer and SHA-256 of each file, and checksum, index and view of each row.
 *
 * @param onProgress called with the bytes that are checked
 * @throws InputError that names the first damaged file and what is wrong
 */
export async function verifyCache(
  directory: string,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: ProgressListener } = {},
): Promise<VerifiedCache> {
  const manifest = await requireManifest(directory);
  const format = new CacheFormat(manifest);
  const envelopes = await Envelopes.of(format);
  let last: { view: number; index: number } | undefined;
  const total = manifest.files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  onProgress?.(done, total);
  for (const file of manifest.files) {
    signal?.throwIfAborted();
    await checkPart(directory, file, format, envelopes);
    last = await verifyPart(directory, file, format, envelopes, last, signal);
    done += file.bytes;
    onProgress?.(done, total);
  }
  return {
    files: manifest.files.length,
    rows: manifest.files.reduce((sum, { rows }) => sum + rows, 0),
    bytes: total,
    missing: missingParts(manifest, format),
  };
}

/** The parts of a cache that its manifest does not list. */
export function missingParts(manifest: Manifest, format: CacheFormat): PartPlan[] {
  const present = new Set(manifest.files.map(({ name }) => name));
  return format.parts.filter(({ name }) => !present.has(name));
}

async function verifyPart(
  directory: string,
  part: CacheFile,
  format: CacheFormat,
  envelopes: Envelopes,
  before: { view: number; index: number } | undefined,
  signal: AbortSignal | undefined,
): Promise<{ view: number; index: number }> {
  const path = join(directory, part.name);
  const layout = envelopes.layout(part.rows);
  const { columns } = format;
  const crcAt = crcColumn(columns);
  const [indexAt, viewAt] = [columnNames.index, columnNames.view].map((name) => format.column(name));
  let last = before;
  const file = await open(path, 'r');
  try {
    const sum = await sha256OfFile(file, part.bytes);
    if (sum !== part.sha256) throw damagedPart(path, `its SHA-256 is ${sum}, expected ${part.sha256}`);
    for (let batch = 0; batch < layout.batches; batch++) {
      signal?.throwIfAborted();
      const within = layout.body(batch);
      const body = Buffer.alloc(within.bytes);
      await file.read(body, 0, body.length, layout.bodyOffset(batch));
      for (let row = 0; row < within.rows; row++) {
        const place = `row ${row} of record batch ${batch}`;
        const index = body.readUInt32LE(within.offsets[indexAt] + 4 * row);
        const view = body.readUInt16LE(within.offsets[viewAt] + 2 * row);
        if (body.readUInt32LE(within.offsets[crcAt] + 4 * row) !== rowCrc(columns, crcAt, body, within, row))
          throw damagedPart(path, `${place} does not have its checksum`);
        if (view !== part.view) throw damagedPart(path, `${place} is of view ${view}, expected ${part.view}`);
        if (last?.view === view && index <= last.index)
          throw damagedPart(path, `${place} has index ${index} after ${last.index}`);
        last = { view, index };
      }
    }
  } finally {
    await file.close();
  }
  return last!;
}

/** @throws InputError if a cache lacks a part */
export function requireComplete(directory: string, manifest: Manifest, format: CacheFormat): void {
  const missing = missingParts(manifest, format);
  if (missing.length === 0) return;
  const first = missing[0];
  throw new InputError(
    `the cache in ${directory} is not complete: ${missing.length} of its ${format.parts.length} files are missing, the first is ${first.name} (view ${first.view}, images ${first.firstRow} to ${first.firstRow + first.rows - 1}).`,
    {
      fix: 'make it again in the same directory, which completes it, or join its shards with `distill cache merge`',
    },
  );
}
