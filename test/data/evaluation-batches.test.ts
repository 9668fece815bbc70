import { describe, expect, it } from 'vitest';
import { evaluationBatches } from '../../src/data/evaluation-batches.js';
import type { Batch } from '../../src/data/batch.js';
import { InputError } from '../../src/errors.js';
import { collect } from './collect.js';
import { randomDataset } from './images.js';

const dataset = randomDataset(23);

describe('evaluationBatches of images in memory', () => {
  it.each([
    { batchSize: 5, sizes: [5, 5, 5, 5, 3] },
    { batchSize: 23, sizes: [23] },
    { batchSize: 100, sizes: [23] },
  ])('give all as they are and in order, in batches of $batchSize', async ({ batchSize, sizes }) => {
    const batches = evaluationBatches(dataset, { batchSize });
    const all: Batch[] = [];
    const memory = new Set<ArrayBufferLike>();
    for await (const batch of batches) {
      all.push({ ...batch, images: batch.images.slice() });
      if (batch.size === batchSize) memory.add(batch.images.buffer);
      batches.recycle(batch);
    }
    expect(all.map(({ size }) => size)).toEqual(sizes);
    expect(all.flatMap(({ indices }) => [...indices])).toEqual([...dataset.indices]);
    expect(all.flatMap(({ labels }) => [...labels])).toEqual([...dataset.labels]);
    expect(all.flatMap(({ images }) => [...images])).toEqual([
      ...Float32Array.from(dataset.pixels, (b) => b / 255),
    ]);
    expect(memory.size).toBeLessThanOrEqual(1);
  });

  it('keep batches that are not given back', async () => {
    const [first, second] = await collect(evaluationBatches(dataset, { batchSize: 5 }));
    expect(first.images.buffer).not.toBe(second.images.buffer);
  });

  it('end with the reason of a signal, which timers may give between two batches', async () => {
    const controller = new AbortController();
    let seen = 0;
    setImmediate(() => {
      controller.abort(new Error('enough'));
    });
    const all = (async () => {
      for await (const batch of evaluationBatches(dataset, { batchSize: 1, signal: controller.signal }))
        seen += batch.size;
    })();
    await expect(all).rejects.toThrow('enough');
    expect(seen).toBeLessThan(23);
  });

  it('refuse a batch size of 0', () => {
    expect(() => evaluationBatches(dataset, { batchSize: 0 })).toThrow(
      new InputError('the batch size must be an integer of at least 1, got 0'),
    );
  });
});
