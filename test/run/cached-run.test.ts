import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { verifyCache } from '../../src/cache/verify-cache.js';
import { lossSettings } from '../../src/losses/loss-settings.js';
import { type CacheSettings, defaultCacheSettings, makeCache } from '../../src/run/make-cache.js';
import type { Recipe } from '../../src/recipe/recipe.js';
import type { RunSummary } from '../../src/run/run-events.js';
import { backends } from '../backends.js';
import { writeTinyCifar } from '../cli/tiny-cifar.js';
import { scratchFolder } from '../files/scratch.js';
import { tinyOnnx } from '../teacher/tiny-onnx.js';
import { oneStage, type OneStage, runToEnd } from './one-stage.js';
import { twoLevels } from '../training/tiny-teacher.js';

const folder = scratchFolder();
const at = (name: string): string => join(folder, name);
const normalisation = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };

let runs = 0;
const given = (change: OneStage): Recipe =>
  oneStage({
    ...normalisation,
    teacher: at('teacher.onnx'),
    data: `cifar10:${at('data')}`,
    epochs: 2,
    batchSize: 30,
    backend: backends.at(-1)!,
    threads: 2,
    ...change,
  });

async function cacheOf(name: string, change: Partial<CacheSettings> = {}): Promise<string> {
  const run = makeCache({
    ...defaultCacheSettings,
    ...normalisation,
    teacher: at('teacher.onnx'),
    data: `cifar10:${at('data')}`,
    out: at(name),
    views: 2,
    topK: undefined,
    threads: 2,
    ...change,
  });
  while (!(await run.next()).done);
  return at(name);
}

async function train(change: OneStage): Promise<{ summary: RunSummary; weights: Buffer }> {
  const [, summary] = await runToEnd(given(change), { out: at(`run-${runs++}`) });
  return { summary, weights: readFileSync(join(summary.directory, 'last.safetensors')) };
}

beforeAll(async () => {
  await writeTinyCifar(at('data'));
  writeFileSync(at('teacher.onnx'), tinyOnnx(twoLevels));
});

describe('a run from a cache', () => {
  it('in float32 gives the weights of the run with the model, whatever batches the cache was made with', async () => {
    const live = await train({});
    for (const batchSize of [7, 30]) {
      const cache = await cacheOf(`float32-${batchSize}`, { dtype: 'float32', batchSize });
      const cached = await train({ teacher: cache, mean: null, std: null });
      expect(cached.weights.equals(live.weights)).toBe(true);
      expect(cached.summary.test.teacher).toBeUndefined();
      expect(live.summary.test.teacher).toBeDefined();
    }
  });

  it('gives the weights of the run that filled it', async () => {
    const filled = await train({ cache: at('filled'), epochs: 3, views: 2 });
    expect(await verifyCache(at('filled'))).toMatchObject({ rows: 190, missing: [] });
    const read = await train({ teacher: at('filled'), epochs: 3 });
    const again = await train({ cache: at('filled'), epochs: 3 });
    expect(read.weights.equals(filled.weights)).toBe(true);
    expect(again.weights.equals(filled.weights)).toBe(true);
    const other = await train({ cache: at('filled'), epochs: 3, seed: 5 });
    expect(other.weights.equals(filled.weights)).toBe(false);
  });

  it('with attention maps serves the loss attention', async () => {
    const cache = await cacheOf('attention', { attention: true, dtype: 'float32' });
    const losses = lossSettings(['features=0', 'attention=1']);
    const cached = await train({ teacher: cache, losses });
    const live = await train({ losses });
    expect(cached.weights.length).toBe(live.weights.length);
    expect(cached.summary.validation.total).toBe(live.summary.validation.total);
    await expect(train({ teacher: cache })).rejects.toThrow(
      /the loss features compares feature maps, and the cache in \S+attention holds attention maps only/,
    );
  });
});

describe('a run refuses', () => {
  beforeAll(() => cacheOf('logits', { features: 'none' }));
  it.each<[string, () => OneStage, RegExp]>([
    [
      'losses on maps that the cache does not hold',
      () => ({ teacher: at('logits') }),
      /the loss features compares feature maps, and the cache in \S+logits holds no maps/,
    ],
    [
      'another number of views',
      () => ({ teacher: at('logits'), views: 3, losses: lossSettings(['features=0']) }),
      /`views` is 3, but the cache in \S+ has 2 views/,
    ],
    [
      'another view seed',
      () => ({ teacher: at('logits'), viewSeed: 1 }),
      /views\.viewSeed 0, but here it is 1/,
    ],
    [
      'other data',
      () => ({ teacher: at('logits'), data: 'cifar10-sample' }),
      /data\.pictures 95, but here it is 3800/,
    ],
    [
      'to fill a cache from a cache',
      () => ({ teacher: at('logits'), cache: at('more') }),
      /is a cache already/,
    ],
    [
      'to fill a cache without a teacher',
      () => ({ teacher: null, cache: at('more'), losses: lossSettings(['kl=0', 'features=0']) }),
      /the cache \S+ is filled by a model, and the teacher is none/,
    ],
    [
      'to fill one that was made with another normalisation',
      () => ({ cache: at('logits'), std: [1, 1, 1], losses: lossSettings(['features=0']) }),
      /teachers\[0\]\.preprocessing\.std\[0\] 0\.25, but here it is 1/,
    ],
    [
      'a folder that is no cache',
      () => ({ teacher: at('data') }),
      /is not a cache: it has no manifest\.json/,
    ],
  ])('%s', async (_, change, message) => {
    await expect(train(change())).rejects.toThrow(message);
  });
});
