import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../errors.js';
import type { Dataset } from '../data/dataset.js';
import { makeDirectory } from '../files/atomic-write.js';
import { CacheFormat, Envelopes, type PartPlan } from './cache-format.js';
import { DirectoryLock, lockFile } from '../files/directory-lock.js';
import { checkIdentity } from './identity.js';
import { type CacheFile, type CacheIdentity, manifestFile, readManifest, writeManifest } from './manifest.js';
import { PartFile, partialName } from './part-file.js';

/** The provider and the versions with which a part was computed. */
export type PartOrigin = Pick<CacheFile, 'provider' | 'versions'>;

/** A directory in which one process at a time makes or completes a cache. */
export class CacheWriter {
  readonly #files: Map<string, CacheFile>;
  readonly #open = new Map<string, Promise<PartFile>>();
  /** Completes parts in turn, while the next ones are written. */
  #finishing: Promise<void> = Promise.resolve();
  #failed: { error: unknown } | undefined;

  private constructor(
    readonly directory: string,
    readonly format: CacheFormat,
    private readonly lock: DirectoryLock,
    private readonly envelopes: Envelopes,
    private readonly dataset: Pick<Dataset, 'indices'>,
    private readonly origin: PartOrigin,
    files: readonly CacheFile[],
  ) {
    this.#files = new Map(files.map((file) => [file.name, file]));
  }

  /**
   * Opens a directory for writing: a new one, or one with a part of the same cache.
   *
   * @param dataset rows in order of their original indices
   * @throws InputError if another process writes there, the directory has other contents or another cache, or
   *   a complete file is missing
   */
  static async open(
    directory: string,
    identity: CacheIdentity,
    dataset: Pick<Dataset, 'indices'>,
    origin: PartOrigin,
  ): Promise<CacheWriter> {
    await makeDirectory(directory);
    const lock = await DirectoryLock.take(directory);
    try {
      await removeLeftovers(directory);
      const manifest = await readManifest(directory);
      if (manifest) checkIdentity(directory, manifest, identity);
      else await requireEmpty(directory);
      const format = new CacheFormat(identity);
      for (const file of manifest?.files ?? []) await checkSize(directory, file);
      if (!manifest) await writeManifest(directory, identity, []);
      const envelopes = await Envelopes.of(format);
      return new CacheWriter(directory, format, lock, envelopes, dataset, origin, manifest?.files ?? []);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** The complete files. */
  get files(): readonly CacheFile[] {
    return [...this.#files.values()];
  }

  /** The disk space in bytes of the files that exist, complete or not. */
  async bytesPresent(): Promise<number> {
    const names = this.format.parts.flatMap(({ name }) => [name, partialName(name)]);
    const sizes = await Promise.all(
      names.map(async (name) => {
        const found = await stat(join(this.directory, name)).catch(() => undefined);
        // Bytes that are not written yet take no space.
        return found === undefined ? 0 : found.blocks * 512;
      }),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** Whether a part is complete. */
  isComplete({ name }: PartPlan): boolean {
    return this.#files.has(name);
  }

  /** Opens an incomplete part for writing; later calls give the same one. */
  async part(plan: PartPlan): Promise<PartFile> {
    let part = this.#open.get(plan.name);
    if (!part) {
      const indices = this.dataset.indices.subarray(plan.firstRow, plan.firstRow + plan.rows);
      part = PartFile.open(this.directory, plan, this.envelopes.envelope(plan.rows), this.format, indices);
      this.#open.set(plan.name, part);
    }
    return part;
  }

  /**
   * Completes a part that has all its rows, in the background; waits for the part before.
   *
   * @throws the error of a part before, if one failed
   */
  async finish(part: PartFile): Promise<void> {
    await this.flush();
    this.#finishing = this.#finish(part).catch((error: unknown) => {
      this.#failed ??= { error };
    });
  }

  /** Waits until all finished parts are complete. */
  async flush(): Promise<void> {
    await this.#finishing;
    if (this.#failed) throw this.#failed.error;
  }

  /** Closes the files and releases the directory. Incomplete parts stay and can be continued. */
  async close(): Promise<void> {
    await this.#finishing;
    for (const part of await Promise.allSettled(this.#open.values()))
      if (part.status === 'fulfilled') await part.value.close();
    await this.lock.release();
  }

  async #finish(part: PartFile): Promise<void> {
    const { name, view, firstRow, rows } = part.plan;
    const sealed = await part.seal();
    this.#open.delete(name);
    this.#files.set(name, { name, view, firstRow, rows, ...sealed, ...this.origin });
    await writeManifest(this.directory, this.format.identity, [...this.#files.values()]);
  }
}

/** Removes temporary manifests of a killed process. Only the owner of the lock makes them. */
async function removeLeftovers(directory: string): Promise<void> {
  const isLeft = (name: string): boolean => name.startsWith(`.${manifestFile}.`) && name.endsWith('.tmp');
  for (const name of (await readdir(directory)).filter(isLeft))
    await rm(join(directory, name), { force: true });
}

async function requireEmpty(directory: string): Promise<void> {
  const others = (await readdir(directory)).filter((name) => !name.startsWith(lockFile));
  if (others.length === 0) return;
  throw new InputError(
    `${directory} has no ${manifestFile} and is not empty: it holds ${others.slice(0, 3).join(', ')}.`,
    { fix: 'choose another `out`, or empty it' },
  );
}

async function checkSize(directory: string, { name, bytes }: CacheFile): Promise<void> {
  const path = join(directory, name);
  const found = await stat(path).catch(() => undefined);
  if (found?.size === bytes) return;
  throw new InputError(
    found
      ? `${path} has ${found.size} bytes, but ${manifestFile} says ${bytes}.`
      : `${path} is missing, but ${manifestFile} lists it.`,
    { fix: 'restore it from a copy, or make the cache again in another directory' },
  );
}
