import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { CachedTeacher } from '../../src/cache/cached-teacher.js';
import { verifyCache } from '../../src/cache/verify-cache.js';
import { trainingAugmentation } from '../../src/data/augmentation.js';
import { makeBatch } from '../../src/data/batches.js';
import { loadCifar10Sample } from '../../src/data/cifar10-sample.js';
import type { PixelDataset } from '../../src/data/dataset.js';
import { RandomStream } from '../../src/data/random.js';
import { mainFile, scratchFolder } from '../cli/distill.js';
import { differences, startCache, writeTeacher } from './faulty-cache.js';

const folder = scratchFolder();
const at = (name: string): string => join(folder, name);
const settings = ['--views', '2', '--batch-size', '100'];
let dataset: PixelDataset;

beforeAll(async () => {
  writeTeacher(at('teacher.onnx'));
  writeTeacher(at('other.onnx'), 1.5);
  dataset = await loadCifar10Sample('train');
  const { code, stderr } = await startCache(at('teacher.onnx'), at('whole'), settings).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

function copyOf(name: string): string {
  cpSync(at('whole'), at(name), { recursive: true });
  return at(name);
}

/** Reads all rows as training does; the first error, or undefined. */
async function readAll(directory: string): Promise<Error | undefined> {
  const augmentation = trainingAugmentation(dataset);
  let teacher: CachedTeacher | undefined;
  try {
    teacher = await CachedTeacher.open(directory, { dataset, augmentation, viewSeed: 0 });
    for (let view = 0; view < 2; view++)
      for (let first = 0; first < dataset.length; first += 200) {
        const rows = Array.from({ length: 200 }, (_, n) => first + n).filter((row) => row < dataset.length);
        const batch = makeBatch(dataset, rows, view, 0, augmentation);
        teacher.recycle(await teacher.targets(batch));
      }
    return undefined;
  } catch (error) {
    return error as Error;
  } finally {
    await teacher?.dispose();
  }
}

describe('a flipped bit', () => {
  it('of any file is found by verify, and on reading wherever it would change what is read', async () => {
    const directory = copyOf('flipped');
    const stream = new RandomStream({
      seed: Number(process.env['BNN_TEST_SEED'] ?? Date.now() % 1e6),
      purpose: 1000,
    });
    let unread = 0;
    for (const name of readdirSync(directory))
      for (let trial = 0; trial < 6; trial++) {
        const path = join(directory, name);
        const bytes = readFileSync(path);
        const place = stream.integer(bytes.length);
        const bit = 1 << stream.integer(8);
        bytes[place] ^= bit;
        writeFileSync(path, bytes);
        const damage = `bit ${bit} of byte ${place} of ${name}`;
        await expect(verifyCache(directory), damage).rejects.toThrow(
          new RegExp(`${name} (is damaged|has schema)`),
        );
        const found = await readAll(directory);
        // Messages before record batches and padding are not read; neither are they needed.
        if (found === undefined) unread++;
        else expect(found.message, damage).toMatch(new RegExp(`${name} (is damaged|has schema)`));
        bytes[place] ^= bit;
        writeFileSync(path, bytes);
      }
    expect(unread).toBeLessThan(4);
    expect(await readAll(directory)).toBeUndefined();
  });
});

describe('files that are not as they were', () => {
  it.each<[string, (path: string) => void, RegExp]>([
    [
      'cut off',
      (path) => truncateSync(path, 1_000_000),
      /view-001\.arrow is damaged: it has 1000000 bytes, but manifest\.json says/,
    ],
    ['empty', (path) => truncateSync(path, 0), /view-001\.arrow is damaged: it has 0 bytes/],
    [
      'missing',
      (path) => renameSync(path, `${path}.away`),
      /view-001\.arrow is missing, but manifest\.json lists it/,
    ],
    [
      'those of another view',
      (path) => cpSync(join(path, '..', 'view-000.arrow'), path),
      /view-001\.arrow is damaged/,
    ],
  ])('%s: clear errors', async (name, damage, message) => {
    const directory = copyOf(`file ${name}`);
    damage(join(directory, 'view-001.arrow'));
    await expect(verifyCache(directory)).rejects.toThrow(message);
    expect((await readAll(directory))!.message).toMatch(/view-001\.arrow is (damaged|missing)/);
  });

  it('a shard alone is told to be one', async () => {
    const { code } = await startCache(at('teacher.onnx'), at('shard'), [...settings, '--shard', '2/2']).ended;
    expect(code).toBe(0);
    expect((await readAll(at('shard')))!.message).toMatch(
      /is not complete: 1 of its 2 files are missing, the first is view-000\.arrow/,
    );
  });
});

it('of two writers on one directory the second is refused, and the first goes on', async () => {
  const directory = at('two');
  const first = startCache(at('teacher.onnx'), directory, settings);
  while (!(existsSync(directory) && readdirSync(directory).includes('writer.lock'))) await sleep(2);
  // It stands still, so that it is not done before the second has come so far.
  first.child.kill('SIGSTOP');
  const second = await startCache(at('teacher.onnx'), directory, settings).ended;
  first.child.kill('SIGCONT');
  expect(second.code).toBe(2);
  expect(second.stderr).toBe(
    `distill: process ${first.child.pid} is writing in ${directory}.\n  fix: wait for it, or choose another directory; if it no longer runs, remove ${join(directory, 'writer.lock')}\n`,
  );
  expect((await first.ended).code).toBe(0);
  expect(differences(at('whole'), directory)).toEqual([]);
});

it('another teacher of the same shape is refused by name of the difference', async () => {
  const { code, stderr } = await startCache(at('other.onnx'), at('whole'), settings).ended;
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /whole was made with teachers\[0\]\.sha256\[0\] "\w{64}", but here it is "\w{64}"\.\n {2}fix: /,
  );
});

describe('a full disk', () => {
  // A small file system in memory, in a name space of its own: it needs no rights but those over that space.
  const script = (megabytes: number, command: string): string =>
    `mkdir -p ${at('disk')} && mount -t tmpfs -o size=${megabytes}m none ${at('disk')} && ${command}`;
  const inNamespace = (megabytes: number, command: string) =>
    spawnSync('unshare', ['-rm', 'sh', '-c', script(megabytes, command)], { encoding: 'utf8' });
  const cannot = inNamespace(1, 'true').status !== 0;
  const run = `${process.execPath} ${mainFile} cache --teacher ${at('teacher.onnx')} --mean 0.5,0.5,0.5 --std 0.25,0.25,0.25 --data cifar10-sample --views 4 --batch-size 100 --out ${at('disk')}/cache`;

  it.skipIf(cannot)(`is told before the work begins${cannot ? ' (needs unshare -rm)' : ''}`, () => {
    const { status, stderr } = inNamespace(20, run);
    expect(status).toBe(2);
    expect(stderr).toMatch(/the cache needs \d+\.\d+ GB more in \S+, and 0\.\d+ GB are free/);
  });

  it.skipIf(cannot)(
    `that fills up meanwhile is a clear error and loses nothing finished${cannot ? ' (needs unshare -rm)' : ''}`,
    () => {
      // The cache takes 118 MB; something else takes the space after the check.
      const filler = `(while [ ! -e ${at('disk')}/cache/view-000.arrow ]; do sleep 0.01; done; head -c 200m /dev/zero > ${at('disk')}/filler) 2>/dev/null & `;
      const again = `; echo status $?; ls ${at('disk')}/cache; rm ${at('disk')}/filler; ${run} && cmp ${at('disk')}/cache/view-001.arrow ${at('whole')}/view-001.arrow && echo same`;
      const { stdout, stderr } = inNamespace(150, `${filler}${run}${again}`);
      expect(stderr).toMatch(
        /^distill: cannot write \S+: the disk is full\.\n {2}fix: free some space and run the command again\n/,
      );
      expect(stdout).toMatch(/status 1\n/);
      expect(stdout).toMatch(/view-000\.arrow\n/);
      expect(stdout).toMatch(/same\n$/);
    },
  );
});
