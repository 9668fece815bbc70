import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { beforeAll, describe, expect, it } from 'vitest';
import { CachedTeacher } from '../../src/cache/cached-teacher.js';
import { requireManifest } from '../../src/cache/manifest.js';
import { type Augmentation, drawAugmentation } from '../../src/data/augmentation.js';
import { makeBatch } from '../../src/data/batches.js';
import { imagenetJitter } from '../../src/data/color-jitter.js';
import { scratchFolder } from '../files/scratch.js';
import { tinyAugmentation, tinyDataset, TinyTeacher, writeTinyCache } from './tiny-cache.js';

const scratch = scratchFolder();
const dataset = tinyDataset();
const augmentation: Augmentation = {
  ...tinyAugmentation,
  rotation: 15,
  autoAugment: 'imagenet',
  colorJitter: imagenetJitter,
  lighting: 0.1,
};
const directory = join(scratch, 'all');
const plain = join(scratch, 'plain');

beforeAll(async () => {
  await writeTinyCache(directory, { augmentation, partBytes: 1e6, dtype: 'float32' });
  await writeTinyCache(plain, {});
});

it('says what was drawn for each row', () => {
  const table = tableFromIPC(readFileSync(join(directory, 'view-001.arrow')));
  const names = table.schema.fields.map(({ name }) => name);
  expect(names.slice(5, names.indexOf('crc32'))).toEqual([
    ...['flip', 'rotation', 'auto_policy', 'auto_steps', 'jitter_order'],
    ...['jitter_brightness', 'jitter_contrast', 'jitter_saturation', 'jitter_hue'],
    ...['lighting_1', 'lighting_2', 'lighting_3'],
  ]);
  const steps = new Set<number>();
  for (const row of table.toArray() as Record<string, number>[]) {
    const { effects } = drawAugmentation(augmentation, 0, row['index'], 1, [8, 8]);
    const { rotation, policy, jitter, lighting } = effects!;
    const [first, second, negativeFirst, negativeSecond] = [...policy!.applied, ...policy!.negative].map(
      Number,
    );
    expect(row['auto_steps']).toBe(first + 2 * second + 4 * negativeFirst + 8 * negativeSecond);
    steps.add(row['auto_steps']);
    expect(String(row['jitter_order']).padStart(4, '0')).toBe(jitter!.order.join(''));
    expect([
      row['rotation'],
      row['auto_policy'],
      ...['brightness', 'contrast', 'saturation', 'hue'].map((step) => row[`jitter_${step}`]),
      ...[1, 2, 3].map((component) => row[`lighting_${component}`]),
    ]).toEqual([
      rotation,
      policy!.subPolicy,
      ...[jitter!.brightness, jitter!.contrast, jitter!.saturation, jitter!.hue],
      ...lighting!,
    ]);
  }
  expect(steps.size).toBeGreaterThan(4);
});

it('gives the targets of the live teacher for the same views', async () => {
  const teacher = await CachedTeacher.open(directory, { dataset, augmentation, viewSeed: 0 });
  for (const view of [0, 1]) {
    const batch = makeBatch(dataset, [4, 0, 21], view, 0, augmentation);
    expect(await teacher.targets(batch)).toEqual(await new TinyTeacher().targets(batch));
  }
  await teacher.dispose();
});

describe('a cache of another augmentation is refused', () => {
  it.each<[string, string, Augmentation, string]>([
    [
      'less',
      directory,
      { ...augmentation, rotation: 0 },
      'views.augmentation.rotation 15, but here it is 0.',
    ],
    [
      'more',
      plain,
      { ...tinyAugmentation, rotation: 15 },
      'views.augmentation.rotation 0, but here it is 15.',
    ],
    [
      'another policy',
      directory,
      { ...augmentation, autoAugment: 'cifar10' },
      'views.augmentation.autoAugment "imagenet", but here it is "cifar10".',
    ],
    [
      'another jitter',
      directory,
      { ...augmentation, colorJitter: { ...imagenetJitter, hue: 0.2 } },
      'views.augmentation.colorJitter.hue 0.1, but here it is 0.2.',
    ],
    [
      'no jitter',
      directory,
      { ...augmentation, colorJitter: null },
      'views.augmentation.colorJitter {"brightness":0.4,"contrast":0.4,"saturation":0.4,"hue":0.1}, but here it is null.',
    ],
    [
      'no lighting',
      directory,
      { ...augmentation, lighting: 0 },
      'views.augmentation.lighting 0.1, but here it is 0.',
    ],
  ])('%s', async (_, cache, other, message) => {
    await expect(CachedTeacher.open(cache, { dataset, augmentation: other, viewSeed: 0 })).rejects.toThrow(
      `the cache in ${cache} was made with ${message}`,
    );
  });
});

it('operations that do nothing are the same as none, so that older caches open', async () => {
  const idle = {
    rotation: 0,
    autoAugment: 'none',
    colorJitter: null,
    lighting: 0,
    resizedCrop: null,
  } as const;
  const explicit = join(scratch, 'idle');
  await writeTinyCache(explicit, { augmentation: { ...tinyAugmentation, ...idle } });
  for (const cache of [plain, explicit]) {
    expect((await requireManifest(cache)).views.augmentation).toEqual({ crop: { padding: 1 }, flip: true });
    for (const own of [tinyAugmentation, { ...tinyAugmentation, ...idle }])
      await (await CachedTeacher.open(cache, { dataset, augmentation: own, viewSeed: 0 })).dispose();
  }
});
