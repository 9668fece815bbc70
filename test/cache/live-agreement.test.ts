import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CachedTeacher } from '../../src/cache/cached-teacher.js';
import { CacheWriter } from '../../src/cache/cache-writer.js';
import { newIdentity } from '../../src/cache/new-identity.js';
import { orderedByIndex } from '../../src/cache/ordered-rows.js';
import { writeCache } from '../../src/cache/write-cache.js';
import { trainingAugmentation } from '../../src/data/augmentation.js';
import { batchesOf } from '../../src/data/batches.js';
import { loadCifar10Sample } from '../../src/data/cifar10-sample.js';
import { firstRows, type PixelDataset } from '../../src/data/dataset.js';
import { OnnxTeacher } from '../../src/teacher/onnx-teacher.js';
import { scratchFolder } from '../files/scratch.js';
import { tinyOrigin } from './tiny-cache.js';

const scratch = scratchFolder();
/** How many images; `npm run test:faults` takes 1,000. */
const images = Number(process.env['BNN_TEST_IMAGES'] ?? 60);
const views = 2;
const large = fileURLToPath(new URL('../../../shared/data/teachers/cifar10-resnet56.onnx', import.meta.url));

async function sample(): Promise<PixelDataset> {
  return firstRows(orderedByIndex(await loadCifar10Sample('train')), images);
}

/** The largest difference from a number to its float16: half a unit in the last of 11 bits, or half of 2^-24. */
function float16Error(x: number): number {
  return Math.max(Math.abs(x) * 2 ** -11, 2 ** -25);
}

function mostBeyondRounding(actual: Float32Array, expected: Float32Array): number {
  expect(actual.length).toBe(expected.length);
  return actual.reduce(
    (worst, x, n) => Math.max(worst, Math.abs(x - expected[n]) / float16Error(expected[n])),
    0,
  );
}

describe.each([
  ['cifar10-resnet20', 'cifar10-resnet20'],
  ['cifar10-resnet56', large],
])('a cache of %s', (name, teacherPath) => {
  const missing = teacherPath === large && !existsSync(large);
  it.skipIf(missing)(
    `agrees with the live teacher to float16 rounding for ${views} views of ${images} images, features and all${missing ? ' (needs ../shared/data)' : ''}`,
    async () => {
      const dataset = await sample();
      const augmentation = trainingAugmentation(dataset);
      const live = await OnnxTeacher.open(teacherPath, { threads: 2 });
      const directory = join(scratch, name);
      const identity = await newIdentity(live.facts, dataset, {
        dtype: 'float16',
        topK: undefined,
        maps: 'features',
        augmentation,
        viewSeed: 0,
        views,
        batchSize: 64,
      });
      const writer = await CacheWriter.open(directory, identity, dataset, tinyOrigin);
      const run = writeCache({ writer, dataset, teacher: live, parts: writer.format.parts });
      while (!(await run.next()).done);
      await writer.close();
      const cached = await CachedTeacher.open(directory, { dataset, augmentation, viewSeed: 0 });
      const batches = batchesOf(dataset, {
        batchSize: 50,
        seed: 3,
        viewSeed: 0,
        views,
        augmentation,
        dropLast: false,
      });
      let seen = 0;
      for (let epoch = 0; epoch < views; epoch++)
        for await (const batch of batches.epoch(epoch)) {
          const [stored, fresh] = await Promise.all([cached.targets(batch), live.targets(batch)]);
          expect(mostBeyondRounding(stored.logits, fresh.logits)).toBeLessThanOrEqual(1);
          expect([...stored.features.keys()]).toEqual(['level1', 'level2', 'level3']);
          for (const [tap, map] of fresh.features)
            expect(mostBeyondRounding(stored.features.get(tap)!, map), tap).toBeLessThanOrEqual(1);
          seen += batch.size;
        }
      expect(seen).toBe(views * images);
      await Promise.all([cached.dispose(), live.dispose()]);
    },
  );
});
