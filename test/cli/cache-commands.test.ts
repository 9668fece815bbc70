import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { tinyOnnx } from '../teacher/tiny-onnx.js';
import { twoLevels } from '../training/tiny-teacher.js';
import { distill, scratchFolder } from './distill.js';
import { runInProcess } from './in-process.js';
import { tinyCifar, writeTinyCifar } from './tiny-cifar.js';

const folder = scratchFolder();
const at = (name: string): string => join(folder, name);
const normalised = ['--mean', '0.5,0.5,0.5', '--std', '0.25,0.25,0.25'];

function cache(out: string, ...more: string[]): string[] {
  const fixed = ['cache', '--teacher', at('teacher.onnx'), ...normalised, '--data', `cifar10:${at('data')}`];
  return [...fixed, '--views', '2', '--out', at(out), ...more];
}

beforeAll(async () => {
  await writeTinyCifar(at('data'));
  writeFileSync(at('teacher.onnx'), tinyOnnx(twoLevels));
});

describe('distill cache', () => {
  it('makes a cache, tells what is in it, and does nothing the second time', async () => {
    const first = await distill(cache('c', '--features', 'none'));
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const lines = first.stdout.trimEnd().split('\n');
    expect(lines).toEqual([
      expect.stringMatching(/^cache \S+c: 2 views of 95 images, \d+\.\d\d kB$/),
      'columns: index uint32, view uint16, label int32, offset_y int16, offset_x int16, flip uint8, crc32 uint32, logits float16[10]',
      expect.stringMatching(/^190 answers in \d+ s \(\d+ images\/s\); 2 files, \d+\.\d\d kB in \S+c$/),
    ]);
    expect(readdirSync(at('c')).sort()).toEqual(['manifest.json', 'view-000.arrow', 'view-001.arrow']);
    const second = await distill(cache('c', '--features', 'none'));
    expect(second.stdout).toMatch(/nothing was left to compute; 2 files/);
  });

  it('takes teacher, data, views and augmentation from a stage of a recipe, which then trains from it', async () => {
    const recipe = at('cached.yaml');
    const losses = '{ kl: { weight: 1 }, crossEntropy: { weight: 1 } }';
    writeFileSync(
      recipe,
      `data: cifar10:${at('data')}
student: { name: bnn-resnet20 }
mean: [0.5, 0.5, 0.5]
std: [0.25, 0.25, 0.25]
viewSeed: 7
stages:
  - name: only
    teacher: ${at('teacher.onnx')}
    epochs: 1
    batchSize: 45
    views: 1
    augmentation: { flip: true, rotation: 15 }
    losses: ${losses}
`,
    );
    const made = await distill(['cache', '--recipe', recipe, '--out', at('of-recipe')]);
    expect(made.code, made.stderr).toBe(0);
    const manifest = JSON.parse(readFileSync(join(at('of-recipe'), 'manifest.json'), 'utf8')) as {
      views: object;
      contents: { taps: object[] };
    };
    expect(manifest.views).toMatchObject({
      count: 1,
      viewSeed: 7,
      augmentation: { flip: true, rotation: 15 },
    });
    expect(manifest.contents.taps).toEqual([]);
    const run = await distill(['--recipe', recipe, '--teacher', at('of-recipe'), '--out', at('from-cache')]);
    expect(run.code, run.stderr).toBe(0);
  });

  it.each([
    [['--stage', '1'], '--stage is of a recipe, and none is named.'],
    [
      ['--recipe', 'cifar10-ten-minutes', '--stage', '1'],
      '--stage must be a whole number from 0 to 0, the stages of cifar10-ten-minutes, got 1.',
    ],
    [
      ['--recipe', 'real-to-binary', '--stage', '2'],
      "stage 'both' of real-to-binary is taught by the student before it, whose answers are not known yet.",
    ],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await runInProcess(['cache', ...args, '--out', at('none')]);
    expect(code).toBe(2);
    expect(stderr.split('\n')[0]).toBe(`distill: ${message}`);
  });

  it('makes shards, and joins them into the same cache', async () => {
    for (const i of [1, 2]) await distill(cache(`shard-${i}`, '--features', 'none', '--shard', `${i}/2`));
    const merged = await runInProcess([
      'cache',
      'merge',
      at('shard-2'),
      at('shard-1'),
      '--out',
      at('merged'),
    ]);
    expect(merged.stdout).toMatch(/merged: 2 files, \d+\.\d\d kB; complete\n$/);
    for (const name of readdirSync(at('c')))
      expect(readFileSync(join(at('merged'), name))).toEqual(readFileSync(join(at('c'), name)));
  });

  it('verifies and describes caches', async () => {
    const verified = await runInProcess(['cache', 'verify', at('c'), at('shard-1')]);
    expect(verified.stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/c: 2 files, 190 rows, \d+\.\d\d kB: all checksums are right; complete$/),
      expect.stringMatching(/shard-1: 1 files, 95 rows, .* 1 files of the whole are not here$/),
    ]);
    const { stdout } = await runInProcess(['cache', 'info', at('c')]);
    expect(stdout).toMatch(/^cache {7}\S+c \(complete\)\nteacher {5}teacher\.onnx \(sha256 \w{64}\)\n/);
    expect(stdout).toContain('data        cifar10, train split, 95 images of 32×32\n');
    expect(stdout).toContain('column      offset_y  int16  pixels that the crop is moved down');
    expect(stdout).toMatch(/rows {8}190, 39 bytes each, 3\.71 kB a view\n/);
    expect(stdout).toMatch(/made on {5}cpu \(bnn-distill \S+, node \S+, onnxruntime-node \S+\)\n$/);
  });

  it('finds damage', async () => {
    await distill(cache('damaged', '--features', 'none'));
    truncateSync(join(at('damaged'), 'view-001.arrow'), 1000);
    const { code, stderr } = await runInProcess(['cache', 'verify', at('damaged')]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^distill: \S+view-001\.arrow is damaged: it has 1000 bytes, .*\n {2}fix: /);
  });

  it('is what a student is trained from, and no model is opened', async () => {
    const args = ['--teacher', at('c'), '--student', 'bnn-resnet20', '--data', `cifar10:${at('data')}`];
    const short = ['--epochs', '1', '--batch-size', '32', '--loss', 'features=0', '--out', at('run')];
    const { code, stdout, stderr } = await distill([...args, ...short]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/student {2}test top-1/);
    expect(stdout).not.toMatch(/teacher {2}test|evaluating the teacher/);
  });

  it('is filled while a student is trained', async () => {
    const args = ['--teacher', at('teacher.onnx'), ...normalised, '--cache', at('filled'), '--views', '2'];
    const rest = ['--student', 'bnn-resnet20', '--data', `cifar10:${at('data')}`, '--loss', 'features=0'];
    const { code } = await distill([
      ...args,
      ...rest,
      '--epochs',
      '2',
      '--batch-size',
      '40',
      '--out',
      at('fill-run'),
    ]);
    expect(code).toBe(0);
    expect(readFileSync(join(at('filled'), 'view-001.arrow'))).toEqual(
      readFileSync(join(at('c'), 'view-001.arrow')),
    );
    expect(tinyCifar.training).toBe(95);
  });
});

describe('distill cache refuses', () => {
  it.each<[string, string[], RegExp]>([
    [
      'no teacher',
      ['cache', '--out', 'x'],
      /^distill: --teacher is missing\.\n {2}fix: type for instance: distill cache/,
    ],
    ['no directory', ['cache', '--teacher', 'x.onnx'], /^distill: --out is missing\./],
    ['no directory to merge into', ['cache', 'merge', 'a', 'b'], /^distill: --out is missing\./],
    ['no shards to merge', ['cache', 'merge'], /missing required argument 'directory'/],
    [
      'a type',
      cache('x', '--dtype', 'float61'),
      /--dtype must be float16 or float32, got 'float61'\.\n {2}nearest: float16/,
    ],
    [
      'a shard',
      cache('x', '--shard', '3'),
      /--shard must be i\/n .* got '3'\.\n {2}fix: write for instance --shard 1\/4/,
    ],
    [
      'a shard out of range',
      cache('x', '--shard', '3/2'),
      /--shard must be two whole numbers i and n with 1 ≤ i ≤ n, got 3 and 2/,
    ],
    [
      'more shards than files',
      cache('x', '--shard', '1/3'),
      /cuts the cache into 3, but it has only 2 files/,
    ],
    ['no views', cache('x', '--views', '0'), /--views must be a whole number of at least 1, got 0/],
    ['too many views', cache('x', '--views', '70000'), /--views must be at most 65,536, got 70000/],
    ['too many probabilities', cache('x', '--top-k', '11'), /--top-k must be a whole number from 1 to 10/],
    ['a tap', cache('x', '--features', 'levl2'), /the teacher has no tap "levl2"\n {2}nearest: level2/],
    ['a flag', cache('x', '--feature', 'all'), /unknown flag '--feature'\.\n {2}nearest: --features/],
    ['what is no cache', ['cache', 'info', folder], /is not a cache: it has no manifest\.json/],
  ])('%s', async (_, args, message) => {
    const { code, stderr } = await runInProcess(args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(readdirSync(folder)).not.toContain('x/manifest.json');
  });

  it('a directory with other things in it', async () => {
    mkdirSync(at('full'));
    writeFileSync(join(at('full'), 'letter.txt'), '');
    const { code, stderr } = await runInProcess(cache('full'));
    expect(code).toBe(2);
    expect(stderr).toMatch(/full has no manifest\.json and is not empty: it holds letter\.txt/);
  });
});
