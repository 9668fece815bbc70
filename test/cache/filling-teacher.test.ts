import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CachedTeacher } from '../../src/cache/cached-teacher.js';
import { CacheWriter } from '../../src/cache/cache-writer.js';
import { FillingTeacher } from '../../src/cache/filling-teacher.js';
import { orderedByIndex } from '../../src/cache/ordered-rows.js';
import { permutation } from '../../src/data/random.js';
import { scratchFolder } from '../files/scratch.js';
import {
  tinyAugmentation,
  tinyBatch,
  tinyDataset,
  tinyIdentity,
  tinyOrigin,
  TinyTeacher,
  writeTinyCache,
} from './tiny-cache.js';

const scratch = scratchFolder();
const dataset = tinyDataset();
const opened = { dataset, augmentation: tinyAugmentation, viewSeed: 0 };

/** The rows of the batches of an epoch, without an incomplete last one. */
function epochRows(epoch: number, batch = 4): number[][] {
  const order = [...permutation(1, epoch, dataset.length)];
  return Array.from({ length: Math.floor(order.length / batch) }, (_, n) =>
    order.slice(n * batch, (n + 1) * batch),
  );
}

async function filling(directory: string): Promise<{ live: TinyTeacher; teacher: FillingTeacher }> {
  const live = new TinyTeacher();
  const ordered = orderedByIndex(dataset);
  const writer = await CacheWriter.open(directory, await tinyIdentity(), ordered, tinyOrigin);
  return { live, teacher: await FillingTeacher.open(live, writer, ordered) };
}

describe('a cache that is filled by a run', () => {
  it('asks the model once for each view, gives what it stores, and equals the one made at once', async () => {
    const directory = join(scratch, 'run');
    const whole = join(scratch, 'whole');
    await writeTinyCache(whole);
    const stored = await CachedTeacher.open(whole, opened);
    const { live, teacher } = await filling(directory);
    for (let epoch = 0; epoch < 5; epoch++) {
      expect(teacher.ahead).toBe(epoch < 2 ? 0 : 2);
      for (const rows of epochRows(epoch)) {
        const batch = tinyBatch(rows, epoch % 2);
        expect(await teacher.targets(batch)).toEqual(await stored.targets(batch));
      }
      await teacher.completeView(epoch % 2);
      expect(live.seen.length).toBe(Math.min(epoch + 1, 2) * dataset.length);
    }
    expect(new Set(live.seen).size).toBe(live.seen.length);
    await Promise.all([teacher.dispose(), stored.dispose()]);
    for (const name of readdirSync(whole))
      expect(readFileSync(join(directory, name)), name).toEqual(readFileSync(join(whole, name)));
  });

  it('goes on where an earlier run stopped, and may be completed by the command', async () => {
    const directory = join(scratch, 'stopped');
    const first = await filling(directory);
    const [one, two, three] = epochRows(0);
    for (const rows of [one, two]) await first.teacher.targets(tinyBatch(rows, 0));
    await first.teacher.dispose();
    const second = await filling(directory);
    await second.teacher.targets(tinyBatch(two, 0));
    await second.teacher.targets(tinyBatch(one, 0));
    expect(second.live.seen).toEqual([]);
    // One image that is there, and others that are not.
    await second.teacher.targets(tinyBatch([one[0], ...three], 0));
    expect(second.live.seen).toHaveLength(5);
    await second.teacher.dispose();
    const rest = await writeTinyCache(directory);
    // Record batches of which a row is missing are computed whole.
    expect(rest.seen.length).toBeLessThanOrEqual(2 * dataset.length);
    const teacher = await CachedTeacher.open(directory, opened);
    await teacher.dispose();
  });
});
