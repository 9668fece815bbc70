import { copyFile, link, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../errors.js';
import { makeDirectory, syncDirectory, writeError } from '../files/atomic-write.js';
import { CacheFormat, Envelopes, type PartPlan } from './cache-format.js';
import { DirectoryLock, lockFile } from '../files/directory-lock.js';
import { checkIdentity } from './identity.js';
import { type CacheFile, readManifest, requireManifest, writeManifest } from './manifest.js';
import { checkPart } from './part-check.js';
import { missingParts } from './verify-cache.js';

/** The result of a merge. */
export interface MergedCache {
  readonly files: number;
  readonly bytes: number;
  /** Parts that no shard has. */
  readonly missing: readonly PartPlan[];
}

/**
 * Joins shards of one cache in a new directory. Files are linked if the file system allows it and copied
 * otherwise; the shards do not change. The command can be repeated, and further shards can be added later.
 *
 * @throws InputError for shards of different caches (it names the first difference), a part with different
 *   contents in two shards, a missing or damaged file, or an `out` with other contents
 */
export async function mergeCaches(shards: readonly string[], out: string): Promise<MergedCache> {
  const manifests = await Promise.all(shards.map(requireManifest));
  const identity = manifests[0];
  manifests.forEach((manifest, n) => checkIdentity(shards[n], manifest, identityOf(identity)));
  await makeDirectory(out);
  const lock = await DirectoryLock.take(out);
  try {
    const there = await readManifest(out);
    if (there) checkIdentity(out, there, identityOf(identity));
    else await requireNothing(out);
    const format = new CacheFormat(identity);
    const envelopes = await Envelopes.of(format);
    const files = new Map((there?.files ?? []).map((file) => [file.name, file]));
    for (const [n, manifest] of manifests.entries()) {
      for (const file of manifest.files) {
        await checkPart(shards[n], file, format, envelopes);
        if (!isNew(files, file, shards[n])) continue;
        await put(join(shards[n], file.name), join(out, file.name));
        files.set(file.name, file);
      }
    }
    await syncDirectory(out);
    await writeManifest(out, identity, [...files.values()]);
    const merged = await requireManifest(out);
    return {
      files: files.size,
      bytes: [...files.values()].reduce((sum, { bytes }) => sum + bytes, 0),
      missing: missingParts(merged, format),
    };
  } finally {
    await lock.release();
  }
}

function identityOf({
  teachers,
  data,
  views,
  contents,
  layout,
}: Awaited<ReturnType<typeof requireManifest>>) {
  return { teachers, data, views, contents, layout };
}

function isNew(files: ReadonlyMap<string, CacheFile>, file: CacheFile, shard: string): boolean {
  const before = files.get(file.name);
  if (before === undefined) return true;
  if (before.sha256 === file.sha256) return false;
  throw new InputError(
    `${join(shard, file.name)} differs from the file of this name in another shard (SHA-256 ${file.sha256} and ${before.sha256}).`,
    { fix: 'give only one of the two' },
  );
}

async function put(from: string, to: string): Promise<void> {
  try {
    await link(from, to).catch(async (error: NodeJS.ErrnoException) => {
      // The file is left from an interrupted merge, or the file system cannot link.
      if (!['EEXIST', 'EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP'].includes(error.code ?? '')) throw error;
      await copyFile(from, to);
    });
  } catch (error) {
    throw writeError(to, error);
  }
}

async function requireNothing(out: string): Promise<void> {
  const others = (await readdir(out)).filter(
    (name) => !name.startsWith(lockFile) && !name.endsWith('.arrow'),
  );
  if (others.length === 0) return;
  throw new InputError(`${out} is not a cache and is not empty: it holds ${others.slice(0, 3).join(', ')}.`, {
    fix: 'choose another `out`, or empty it',
  });
}
