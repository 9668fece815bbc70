import {
  appendFileSync,
  cpSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { verifyCache } from '../../src/cache/verify-cache.js';
import { scratchFolder } from '../files/scratch.js';
import { tinyDataset, tinyFacts, type TinyOptions, tinyTaps, writeTinyCache } from './tiny-cache.js';

const scratch = scratchFolder();
const whole = join(scratch, 'whole');
const rows = 2 * tinyDataset().length;

/** All files of a directory. */
export function contents(directory: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(directory)
      .sort()
      .map((name) => [name, readFileSync(join(directory, name), 'base64')]),
  );
}

/** Starts a cache and stops it after so many rows. */
async function stoppedAfter(directory: string, count: number): Promise<void> {
  const controller = new AbortController();
  const run = writeTinyCache(directory, {
    signal: controller.signal,
    onBatch: (done) => {
      if (done >= count) controller.abort(new Error('stopped'));
    },
  });
  await expect(run).rejects.toThrow('stopped');
}

beforeAll(async () => {
  await writeTinyCache(whole);
});

describe('an interrupted cache', () => {
  it.each([1, 5, 10, 11, 23, 24, 40])('stopped after %i rows goes on and becomes the same', async (count) => {
    const directory = join(scratch, `stopped-${count}`);
    await stoppedAfter(directory, count);
    expect(contents(directory)).not.toEqual(contents(whole));
    const teacher = await writeTinyCache(directory);
    // Nothing that was finished is computed again; the last record batch of a view has 3 rows.
    expect(teacher.seen.length).toBeLessThanOrEqual(rows - count);
    expect(new Set(teacher.seen).size).toBe(teacher.seen.length);
    expect(contents(directory)).toEqual(contents(whole));
  });

  it('that is complete computes nothing', async () => {
    const directory = join(scratch, 'again');
    cpSync(whole, directory, { recursive: true });
    expect((await writeTinyCache(directory)).seen).toEqual([]);
    expect(contents(directory)).toEqual(contents(whole));
  });

  it.each<[string, (path: string) => void]>([
    ['in the middle of a row', (path) => truncateSync(path, statSync(path).size - 900)],
    ['with a row of other bytes', (path) => overwrite(path, -300, 'other bytes')],
    ['with zeros', (path) => overwrite(path, -800, '\0'.repeat(500))],
    ['with bytes behind its end', (path) => appendFileSync(path, 'x'.repeat(9999))],
    ['empty', (path) => truncateSync(path, 0)],
  ])('whose last file ends %s computes what is not right', async (name, damage) => {
    const directory = join(scratch, `torn ${name}`);
    await stoppedAfter(directory, 15);
    const partial = readdirSync(directory).find((file) => file.endsWith('.partial'))!;
    damage(join(directory, partial));
    const teacher = await writeTinyCache(directory);
    expect(teacher.seen.length).toBeGreaterThan(0);
    expect(contents(directory)).toEqual(contents(whole));
  });

  it('killed between the renaming of a file and its entry in the manifest takes the file up again', async () => {
    const directory = join(scratch, 'unlisted');
    await stoppedAfter(directory, 24);
    const partial = readdirSync(directory).find((file) => file.endsWith('.partial'))!;
    renameSync(join(directory, partial), join(directory, partial.replace('.partial', '')));
    const teacher = await writeTinyCache(directory);
    expect(teacher.seen.length).toBeLessThan(rows - 20);
    expect(contents(directory)).toEqual(contents(whole));
  });

  it('left by a process that was killed holds its lock no more, and its temporary files go', async () => {
    const directory = join(scratch, 'locked');
    await stoppedAfter(directory, 10);
    writeFileSync(join(directory, '.manifest.json.123.tmp'), '{"format":');
    writeFileSync(join(directory, 'writer.lock'), '{"pid": 999999999, "host": "elsewhere');
    await writeTinyCache(directory);
    expect(contents(directory)).toEqual(contents(whole));
  });
});

function overwrite(path: string, at: number, text: string): void {
  const bytes = readFileSync(path);
  bytes.write(text, bytes.length + at, 'latin1');
  writeFileSync(path, bytes);
}

describe('a directory that cannot go on', () => {
  it.each<[string, TinyOptions, RegExp]>([
    [
      'another teacher of the same shape',
      { facts: tinyFacts(tinyTaps, 'b'.repeat(64)) },
      /made with teachers\[0\]\.sha256\[0\] "a{64}", but here it is "b{64}"/,
    ],
    ['other images', { dataset: tinyDataset(23, 2) }, /made with data\.sha256/],
    ['another number of views', { views: 3 }, /made with views\.count 2, but here it is 3/],
    ['another type', { dtype: 'float32' }, /made with contents\.dtype "float16", but here it is "float32"/],
    ['other maps', { maps: 'attention' }, /made with contents\.maps "features", but here it is "attention"/],
    [
      'fewer taps',
      { taps: [tinyTaps[0]] },
      /made with contents\.taps\[1\] \{"name":"level2".*but here it is absent/,
    ],
    ['top-k', { topK: 2 }, /made with contents\.topK null, but here it is 2/],
    ['another batch size', { batchSize: 6 }, /made with layout\.rowsPerBatch 5, but here it is 6/],
  ])('%s is refused and leaves the cache as it is', async (_, options, message) => {
    const before = contents(whole);
    await expect(writeTinyCache(whole, options)).rejects.toThrow(message);
    expect(contents(whole)).toEqual(before);
  });

  it('a directory with other things in it is refused', async () => {
    const directory = join(scratch, 'others');
    cpSync(whole, directory, { recursive: true });
    renameSync(join(directory, 'manifest.json'), join(directory, 'notes.txt'));
    await expect(writeTinyCache(directory)).rejects.toThrow(
      /has no manifest\.json and is not empty: it holds notes/,
    );
  });

  it.each<[string, (path: string) => void, RegExp]>([
    [
      'missing',
      (path) => renameSync(path, `${path}.away`),
      /view-001-part-001\.arrow is missing, but manifest\.json lists it/,
    ],
    [
      'shorter',
      (path) => truncateSync(path, 999),
      /view-001-part-001\.arrow has 999 bytes, but manifest\.json says \d+/,
    ],
  ])('a finished file that is %s is told', async (name, damage, message) => {
    const directory = join(scratch, `file ${name}`);
    cpSync(whole, directory, { recursive: true });
    damage(join(directory, 'view-001-part-001.arrow'));
    await expect(writeTinyCache(directory)).rejects.toThrow(message);
    await expect(verifyCache(directory)).rejects.toThrow(/view-001-part-001\.arrow/);
  });
});
