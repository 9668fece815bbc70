import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { CachedTeacher } from '../../src/cache/cached-teacher.js';
import { checkIdentity } from '../../src/cache/identity.js';
import { requireManifest } from '../../src/cache/manifest.js';
import { trainingAugmentation } from '../../src/data/augmentation.js';
import { batchesOf } from '../../src/data/batches.js';
import { loadDataset } from '../../src/data/data-spec.js';
import { type FileDataset, resizedTo } from '../../src/data/dataset.js';
import { fileOf } from '../../src/data/image-files.js';
import { openTeacher } from '../../src/teacher/open-teacher.js';
import { defaultCacheSettings, makeCache } from '../../src/run/make-cache.js';
import { backends } from '../backends.js';
import { pathsOf, writeImages } from '../data/image-files.js';
import { scratchFolder } from '../files/scratch.js';
import { tinyOnnx } from '../teacher/tiny-onnx.js';
import { oneStage, runToEnd } from '../run/one-stage.js';
import { twoLevels } from '../training/tiny-teacher.js';

const folder = scratchFolder();
const at = (name: string): string => join(folder, name);
const normalisation = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
const data = `imagefolder:${at('images')}`;
const classes = Array.from({ length: 10 }, (_, n) => `class${n}`);

beforeAll(async () => {
  // 42 images, of which 2 are held out for validation.
  await writeImages(at('images'), [
    ...pathsOf('train', classes, 4),
    'train/class0/4.jpg',
    'train/class1/4.jpg',
  ]);
  await writeImages(at('images'), pathsOf('val', classes, 1));
  writeFileSync(at('teacher.onnx'), tinyOnnx(twoLevels));
  writeFileSync(at('second.onnx'), tinyOnnx(twoLevels));
  const run = makeCache({
    ...defaultCacheSettings,
    ...normalisation,
    // Two teachers as one.
    teacher: `${at('teacher.onnx')},${at('second.onnx')}`,
    data,
    out: at('cache'),
    views: 2,
    topK: undefined,
    dtype: 'float32',
    threads: 2,
  });
  while (!(await run.next()).done);
});

it('a cache of images in files gives what the live ensemble gives, view by view', async () => {
  const live = await openTeacher(`${at('teacher.onnx')},${at('second.onnx')}`, normalisation);
  const dataset = resizedTo(await loadDataset(data, 'train'), live.facts.size);
  const augmentation = trainingAugmentation(dataset);
  const cached = await CachedTeacher.open(at('cache'), { dataset, augmentation, viewSeed: 0 });
  expect(cached.manifest.teachers).toHaveLength(2);
  expect(cached.manifest.views.augmentation).toMatchObject({ crop: null, resizedCrop: { scale: [0.08, 1] } });
  const batches = batchesOf(dataset, { batchSize: 8, seed: 4, viewSeed: 0, views: 2, augmentation });
  let seen = 0;
  for (const epoch of [0, 1])
    for await (const batch of batches.epoch(epoch)) {
      expect(await cached.targets(batch)).toEqual(await live.targets(batch));
      seen += batch.size;
    }
  expect(seen).toBe(80);
  await Promise.all([cached.dispose(), live.dispose()]);
});

it('it says which part of each image was shown, and a run trains from it', async () => {
  const { tableFromIPC } = await import('apache-arrow');
  const table = tableFromIPC(readFileSync(join(at('cache'), 'view-001.arrow')));
  const names = table.schema.fields.map(({ name }) => name);
  expect(names.slice(3, 8)).toEqual(['crop_left', 'crop_top', 'crop_width', 'crop_height', 'flip']);
  for (const row of table.toArray() as Record<string, number>[]) {
    expect(row['crop_left'] + row['crop_width']).toBeLessThanOrEqual(60);
    expect(row['crop_top'] + row['crop_height']).toBeLessThanOrEqual(40);
    expect(Math.min(row['crop_width'], row['crop_height'])).toBeGreaterThan(0);
  }
  const recipe = oneStage({
    teacher: at('cache'),
    data,
    epochs: 1,
    batchSize: 10,
    backend: backends.at(-1)!,
    threads: 2,
  });
  const [, summary] = await runToEnd(recipe, { out: at('run') });
  expect(summary.test.student.total).toBe(10);
});

it('a cache may have another augmentation than the usual one', async () => {
  const settings = {
    ...defaultCacheSettings,
    ...normalisation,
    teacher: at('teacher.onnx'),
    data,
    views: 1,
    topK: undefined,
    threads: 2,
  };
  const augmentation = { crop: null, flip: true, rotation: 10, lighting: 0.1 };
  const run = makeCache({ ...settings, out: at('turned'), augmentation });
  while (!(await run.next()).done);
  expect((await requireManifest(at('turned'))).views.augmentation).toEqual(augmentation);
  const wrong = makeCache({
    ...settings,
    out: at('wrong'),
    augmentation: { ...augmentation, rotation: 200 },
  });
  await expect(
    (async () => {
      while (!(await wrong.next()).done);
    })(),
  ).rejects.toThrow('the rotation must be a number from 0 to 180 degrees, got 200');
});

it('an image that has changed and kept its length is refused, and the data set named', async () => {
  const dataset = await loadDataset(data, 'train');
  const path = join(at('images'), 'train', fileOf((dataset as FileDataset).files, 5));
  const whole = readFileSync(path);
  const changed = Buffer.from(whole);
  changed[changed.length - 10] ^= 1;
  writeFileSync(path, changed);
  const { size, resize } = (await requireManifest(at('cache'))).data;
  const taken = resizedTo(dataset, size, resize ?? undefined);
  const options = { dataset: taken, augmentation: trainingAugmentation(taken), viewSeed: 0 };
  await expect(CachedTeacher.open(at('cache'), options)).rejects.toThrow(
    /data\.sha256 .* images or labels of the train split of imagefolder have changed\.$/,
  );
  writeFileSync(path, whole);
  await (await CachedTeacher.open(at('cache'), options)).dispose();
});

it('a cache whose images were known by their lengths alone is refused', async () => {
  const identity = await requireManifest(at('cache'));
  const { digestOf, ...data } = identity.data;
  expect(digestOf).toBe('contents');
  expect(() => {
    checkIdentity(
      'there',
      { ...identity, data: { ...data, sha256: '0'.repeat(64) } },
      { data: identity.data },
    );
  }).toThrow('the cache in there was made with data.digestOf absent, but here it is "contents".');
});
