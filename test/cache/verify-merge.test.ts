import { cpSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { CacheWriter } from '../../src/cache/cache-writer.js';
import { CachedTeacher } from '../../src/cache/cached-teacher.js';
import { mergeCaches } from '../../src/cache/merge-caches.js';
import { orderedByIndex } from '../../src/cache/ordered-rows.js';
import { verifyCache } from '../../src/cache/verify-cache.js';
import { writeCache } from '../../src/cache/write-cache.js';
import { scratchFolder } from '../files/scratch.js';
import {
  tinyAugmentation,
  tinyDataset,
  TinyTeacher,
  tinyIdentity,
  type TinyOptions,
  tinyOrigin,
  writeTinyCache,
} from './tiny-cache.js';

const scratch = scratchFolder();
const whole = join(scratch, 'whole');
const opened = { dataset: tinyDataset(), augmentation: tinyAugmentation, viewSeed: 0 };

beforeAll(async () => {
  await writeTinyCache(whole);
});

function copyOf(name: string): string {
  const directory = join(scratch, name);
  cpSync(whole, directory, { recursive: true });
  return directory;
}

describe('verifyCache', () => {
  it('finds a whole cache whole', async () => {
    const heard: [number, number][] = [];
    const found = await verifyCache(whole, { onProgress: (done, total) => heard.push([done, total]) });
    expect(found).toMatchObject({ files: 6, rows: 46, missing: [] });
    expect(heard).toHaveLength(7);
    expect(heard[0]).toEqual([0, found.bytes]);
    expect(heard.at(-1)).toEqual([found.bytes, found.bytes]);
  });

  it('finds a flipped bit of any byte', async () => {
    const directory = copyOf('flipped');
    const path = join(directory, 'view-001-part-002.arrow');
    const bytes = readFileSync(path);
    // A prime step, so that it comes by all kinds of bytes: head, messages, columns, padding, footer.
    for (let at = 0; at < bytes.length; at += 211) {
      bytes[at] ^= 1 << (at % 8);
      writeFileSync(path, bytes);
      await expect(verifyCache(directory), `byte ${at}`).rejects.toThrow(
        /view-001-part-002\.arrow is damaged/,
      );
      bytes[at] ^= 1 << (at % 8);
    }
    writeFileSync(path, bytes);
    await verifyCache(directory);
  });

  it.each<[string, (path: string) => void, RegExp]>([
    ['shorter', (path) => truncateSync(path, 2000), /is damaged: it has 2000 bytes, but manifest\.json says/],
    ['missing', (path) => rmSync(path), /is missing, but manifest\.json lists it/],
    [
      'another',
      (path) => cpSync(join(path, '..', 'view-001-part-000.arrow'), path),
      /its SHA-256 is \w+, expected/,
    ],
  ])('tells a file that is %s', async (name, damage, message) => {
    const directory = copyOf(`file ${name}`);
    damage(join(directory, 'view-000-part-000.arrow'));
    await expect(verifyCache(directory)).rejects.toThrow(message);
  });

  it.each<[string, (path: string) => void]>([
    ['shorter', (path) => truncateSync(path, 2000)],
    ['missing', (path) => renameSync(path, `${path}.away`)],
  ])('a cache with a file that is %s cannot be opened', async (name, damage) => {
    const directory = copyOf(`opened ${name}`);
    damage(join(directory, 'view-000-part-001.arrow'));
    await expect(CachedTeacher.open(directory, opened)).rejects.toThrow(/view-000-part-001\.arrow/);
  });

  it('a damaged footer is found when a cache is opened', async () => {
    const directory = copyOf('footer');
    const path = join(directory, 'view-000-part-001.arrow');
    const bytes = readFileSync(path);
    const footer = bytes.length - 10 - bytes.readInt32LE(bytes.length - 10);
    for (let at = footer; at < bytes.length; at += 97) {
      bytes[at] ^= 0xff;
      writeFileSync(path, bytes);
      await expect(CachedTeacher.open(directory, opened)).rejects.toThrow(
        /view-000-part-001\.arrow is damaged: its footer does not have the SHA-256/,
      );
      bytes[at] ^= 0xff;
    }
  });
});

/** The i-th of n shards. */
async function shard(name: string, i: number, n: number, options: TinyOptions = {}): Promise<string> {
  const directory = join(scratch, name);
  const dataset = orderedByIndex(options.dataset ?? tinyDataset());
  const writer = await CacheWriter.open(directory, await tinyIdentity(options), dataset, tinyOrigin);
  const { parts } = writer.format;
  const own = parts.slice(Math.floor((parts.length * (i - 1)) / n), Math.floor((parts.length * i) / n));
  const run = writeCache({ writer, dataset, teacher: new TinyTeacher(options.taps), parts: own });
  while (!(await run.next()).done);
  await writer.close();
  return directory;
}

describe('mergeCaches', () => {
  it('joins shards into the cache that one run makes', async () => {
    const shards = [await shard('s2', 2, 3), await shard('s1', 1, 3), await shard('s3', 3, 3)];
    for (const directory of shards)
      await expect(CachedTeacher.open(directory, opened)).rejects.toThrow(
        /is not complete: 4 of its 6 files are missing/,
      );
    const out = join(scratch, 'joined');
    expect(await mergeCaches(shards.slice(0, 2), out)).toMatchObject({
      files: 4,
      missing: [{ view: 1 }, { view: 1 }],
    });
    await expect(CachedTeacher.open(out, opened)).rejects.toThrow(
      /not complete: 2 of its 6 files are missing, the first is view-001-part-001\.arrow \(view 1, images 10 to 19\)/,
    );
    expect(await mergeCaches([shards[2]], out)).toMatchObject({ files: 6, missing: [] });
    for (const name of readdirSync(whole))
      expect(readFileSync(join(out, name))).toEqual(readFileSync(join(whole, name)));
    await verifyCache(out);
  });

  it('refuses shards of different caches, naming the difference', async () => {
    const other = await shard('other', 1, 2, { viewSeed: 9 });
    await expect(mergeCaches([whole, other], join(scratch, 'mixed'))).rejects.toThrow(
      /other was made with views\.viewSeed 9, but here it is 0/,
    );
  });

  it('refuses one file with two contents', async () => {
    const twin = copyOf('twin');
    const path = join(twin, 'manifest.json');
    const teacher = new TinyTeacher();
    teacher.targets = () => Promise.reject(new Error('not asked'));
    rmSync(twin, { recursive: true });
    const dataset = orderedByIndex(tinyDataset());
    const writer = await CacheWriter.open(twin, await tinyIdentity(), dataset, tinyOrigin);
    const liar = new TinyTeacher();
    const honest = liar.targets.bind(liar);
    liar.targets = async (batch) => {
      const answer = await honest(batch);
      answer.logits[0] += 1;
      return answer;
    };
    const run = writeCache({ writer, dataset, teacher: liar, parts: writer.format.parts });
    while (!(await run.next()).done);
    await writer.close();
    expect(readFileSync(path)).not.toEqual(readFileSync(join(whole, 'manifest.json')));
    await expect(mergeCaches([whole, twin], join(scratch, 'twins'))).rejects.toThrow(
      /differs from the file of this name/,
    );
  });

  it.each<[string, () => string, RegExp]>([
    ['no cache', () => scratch, /is not a cache/],
    [
      'a cache with a damaged file',
      () => {
        const directory = copyOf('damaged');
        truncateSync(join(directory, 'view-000-part-000.arrow'), 100);
        return directory;
      },
      /view-000-part-000\.arrow is damaged/,
    ],
  ])('refuses %s', async (name, make, message) => {
    await expect(mergeCaches([make()], join(scratch, `out of ${name}`))).rejects.toThrow(message);
  });
});
