import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CachedTeacher, type CachedTeacherOptions } from '../../src/cache/cached-teacher.js';
import { portableHalfFloats } from '../../src/cache/half-floats.js';
import type { TeacherTargets } from '../../src/teacher/targets.js';
import { scratchFolder } from '../files/scratch.js';
import {
  tinyAugmentation,
  tinyBatch,
  tinyDataset,
  TinyTeacher,
  type TinyOptions,
  tinyTaps,
  writeTinyCache,
} from './tiny-cache.js';

const scratch = scratchFolder();
const dataset = tinyDataset();
const options: CachedTeacherOptions = { dataset, augmentation: tinyAugmentation, viewSeed: 0 };
const someRows = [7, 0, 22, 13, 13, 1];

const half = portableHalfFloats();
/** As it is after a while in float16. */
function rounded(values: Float32Array): Float32Array {
  const bits = new Uint16Array(values.length);
  half.narrow(values, bits);
  const result = new Float32Array(values.length);
  half.widen(bits, result);
  return result;
}

async function cached(name: string, choices: TinyOptions): Promise<CachedTeacher> {
  const directory = join(scratch, name);
  await writeTinyCache(directory, choices);
  return CachedTeacher.open(directory, options);
}

async function live(view: number, rows: readonly number[] = someRows): Promise<TeacherTargets> {
  return new TinyTeacher().targets(tinyBatch(rows, view));
}

describe.each(['float16', 'float32'] as const)('a cache in %s', (dtype) => {
  let teacher: CachedTeacher;
  beforeAll(async () => {
    teacher = await cached(dtype, { dtype });
  });
  afterAll(() => teacher.dispose());
  const stored = dtype === 'float32' ? (x: Float32Array) => x : rounded;

  it('gives the targets of the live teacher for every view', async () => {
    expect(teacher.taps).toEqual(tinyTaps);
    expect(teacher.classes).toEqual(dataset.classes);
    const all = Array.from({ length: dataset.length }, (_, row) => row);
    for (const view of [0, 1])
      for (const rows of [someRows, all]) {
        const expected = await live(view, rows);
        const actual = await teacher.targets(tinyBatch(rows, view));
        expect(actual.logits).toEqual(stored(expected.logits));
        for (const [name, map] of expected.features) expect(actual.features.get(name)).toEqual(stored(map));
      }
  });

  it('answers several batches asked for at once, each with its own, also in memory that was given back', async () => {
    const wanted = [[0], [1, 2], [3, 4], [5], [6, 7], [8]];
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(wanted.map((rows) => teacher.targets(tinyBatch(rows, 1))));
      for (const [n, rows] of wanted.entries())
        expect(answers[n].logits).toEqual(stored((await live(1, rows)).logits));
      for (const answer of answers) teacher.recycle(answer);
    }
  });

  it('refuses a view or an image that it does not have', async () => {
    await expect(teacher.targets(tinyBatch([0], 2))).rejects.toThrow(
      /has views 0 to 1, but view 2 was requested/,
    );
    const stranger = { ...tinyBatch([0], 0), indices: Uint32Array.of(999) };
    await expect(teacher.targets(stranger)).rejects.toThrow(/image 999 is not in the cache/);
  });
});

it('gives attention maps of one channel, whose squares are the means over channels', async () => {
  const teacher = await cached('attention', { maps: 'attention', dtype: 'float32' });
  expect(teacher.taps.map(({ shape }) => shape)).toEqual([
    [4, 4, 1],
    [2, 2, 1],
  ]);
  const expected = await live(0);
  const actual = await teacher.targets(tinyBatch(someRows, 0));
  for (const { name, shape } of tinyTaps) {
    const maps = expected.features.get(name)!;
    const means = Array.from({ length: maps.length / shape[2] }, (_, pixel) =>
      Math.sqrt(
        maps.subarray(pixel * shape[2], (pixel + 1) * shape[2]).reduce((sum, x) => sum + x * x, 0) / shape[2],
      ),
    );
    [...actual.features.get(name)!].forEach((value, at) => expect(value).toBeCloseTo(means[at], 6));
  }
  await teacher.dispose();
});

it('spreads what the largest probabilities leave', async () => {
  const teacher = await cached('top', { taps: [], topK: 2, dtype: 'float32' });
  const softmax = (logits: Float32Array): number[] => {
    const powers = [...logits].map(Math.exp);
    return powers.map((power) => power / powers.reduce((sum, x) => sum + x, 0));
  };
  const expected = await live(0, [3]);
  const actual = await teacher.targets(tinyBatch([3], 0));
  const probabilities = softmax(expected.logits);
  const kept = probabilities
    .map((_, k) => k)
    .sort((a, b) => probabilities[b] - probabilities[a])
    .slice(0, 2);
  const rest = 1 - kept.reduce((sum, k) => sum + probabilities[k], 0);
  const spread = softmax(actual.logits);
  expect(spread).toEqual(
    probabilities.map((p, k) => expect.closeTo(kept.includes(k) ? p : rest / 3, 6) as number),
  );
  await teacher.dispose();
});

describe('what it was not made for', () => {
  const directory = join(scratch, 'refused');
  beforeAll(async () => {
    await writeTinyCache(directory, {});
  });
  const pixels = dataset.pixels.slice();
  pixels[100] ^= 1;
  const labels = dataset.labels.slice();
  labels[3] = (labels[3] + 1) % 5;
  it.each<[string, Partial<CachedTeacherOptions>, RegExp]>([
    ['another view seed', { viewSeed: 3 }, /made with views\.viewSeed 0, but here it is 3/],
    [
      'another augmentation',
      { augmentation: { crop: { padding: 2 }, flip: true } },
      /made with views\.augmentation\.crop\.padding 1, but here it is 2/,
    ],
    [
      'no crop',
      { augmentation: { crop: null, flip: true } },
      /views\.augmentation\.crop .*but here it is null/,
    ],
    [
      'other images',
      { dataset: { ...dataset, pixels } },
      /made with data\.sha256 "\w+", but here it is "\w+"/,
    ],
    ['other labels', { dataset: { ...dataset, labels } }, /data\.sha256/],
    ['fewer images', { dataset: tinyDataset(22) }, /data\.pictures 23, but here it is 22/],
    [
      'another kind',
      { dataset: { ...dataset, kind: 'cifar10' } },
      /data\.kind "random", but here it is "cifar10"/,
    ],
    [
      'other classes',
      { dataset: { ...dataset, classes: ['a', 'b', 'c', 'd', 'z'] } },
      /data\.classes\[4\] "e", but here it is "z"/,
    ],
  ])('%s is refused', async (_, change, message) => {
    await expect(CachedTeacher.open(directory, { ...options, ...change })).rejects.toThrow(message);
  });

  it('a directory that is no cache is refused', async () => {
    await expect(CachedTeacher.open(scratch, options)).rejects.toThrow(
      /is not a cache: it has no manifest\.json/,
    );
  });

  it('rows of the data set may come in any order', async () => {
    const rows = [...Array(dataset.length).keys()].reverse();
    const turned = {
      ...dataset,
      indices: Uint32Array.from(rows, (row) => dataset.indices[row]),
      labels: Int32Array.from(rows, (row) => dataset.labels[row]),
      pixels: Uint8Array.from(
        rows.flatMap((row) => [...dataset.pixels.subarray(row * 192, (row + 1) * 192)]),
      ),
    };
    const teacher = await CachedTeacher.open(directory, { ...options, dataset: turned });
    await teacher.dispose();
  });
});

describe('damage', () => {
  it('a flipped bit of a row is found when it is read, and other rows stay readable', async () => {
    const directory = join(scratch, 'whole');
    await writeTinyCache(directory, { partBytes: 1e6 });
    const copy = join(scratch, 'flipped');
    cpSync(directory, copy, { recursive: true });
    const path = join(copy, 'view-000.arrow');
    const bytes = readFileSync(path);
    // A logit of the fourth row in order of indices.
    const teacher = await CachedTeacher.open(copy, options);
    const index = [...dataset.indices].sort((a, b) => a - b)[3];
    const row = dataset.indices.indexOf(index);
    const { logits } = await teacher.targets(tinyBatch([row], 0));
    const bits = new Uint16Array(5);
    half.narrow(logits, bits);
    const at = bytes.indexOf(Buffer.from(bits.buffer));
    expect(at).toBeGreaterThan(0);
    bytes[at + 2] ^= 4;
    writeFileSync(path, bytes);
    await expect(teacher.targets(tinyBatch([row], 0))).rejects.toThrow(
      new RegExp(`view-000\\.arrow is damaged: the row of image ${index} does not have its checksum`),
    );
    const other = dataset.indices.findIndex((candidate) => candidate !== index);
    await expect(teacher.targets(tinyBatch([other], 0))).resolves.toBeDefined();
    await teacher.dispose();
  });
});
