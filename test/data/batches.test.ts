import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { cropAndFlip, noAugmentation, type Augmentation } from '../../src/data/augmentation.js';
import type { Batch } from '../../src/data/batch.js';
import { batchesOf, makeBatch, type BatchOptions } from '../../src/data/batches.js';
import { permutation } from '../../src/data/random.js';
import { InputError } from '../../src/errors.js';
import { collect } from './collect.js';
import { randomDataset } from './images.js';

const dataset = randomDataset(23);
const options = { batchSize: 5, seed: 1, viewSeed: 2, views: 3, augmentation: cropAndFlip };

/** The batches of an epoch, made here and now. */
function madeBatches(
  epoch: number,
  { batchSize, seed, viewSeed, views, augmentation }: BatchOptions,
): Batch[] {
  const order = permutation(seed, epoch, dataset.length);
  return Array.from({ length: Math.floor(dataset.length / batchSize) }, (_, n) =>
    makeBatch(
      dataset,
      order.subarray(n * batchSize, (n + 1) * batchSize),
      epoch % views,
      viewSeed,
      augmentation,
    ),
  );
}

describe('makeBatch', () => {
  const rows = [4, 0, 22, 4];
  const batch = makeBatch(dataset, rows, 1, 2, cropAndFlip);
  const imageLength = 8 * 6 * 3;
  const image = ({ images }: Batch, n: number) => [
    ...images.subarray(n * imageLength, (n + 1) * imageLength),
  ];

  it('keeps rows in their order, with labels and original indices', () => {
    expect(batch).toMatchObject({ size: 4, view: 1 });
    expect([...batch.labels]).toEqual([1, 0, 1, 1]);
    expect([...batch.indices]).toEqual([19, 7, 73, 19]);
  });

  it('makes a view that depends on the image alone, not on its neighbours or the size of the batch', () => {
    rows.forEach((row, n) => {
      expect(image(batch, n)).toEqual(image(makeBatch(dataset, [row], 1, 2, cropAndFlip), 0));
    });
  });

  it('keys views by original index, so that a part of the data shows the same views', () => {
    const part = {
      ...dataset,
      length: 1,
      indices: dataset.indices.slice(22),
      labels: dataset.labels.slice(22),
      pixels: dataset.pixels.slice(22 * imageLength),
    };
    expect(image(makeBatch(part, [0], 1, 2, cropAndFlip), 0)).toEqual(image(batch, 2));
  });

  it.each([
    { name: 'view', other: makeBatch(dataset, rows, 2, 2, cropAndFlip) },
    { name: 'view seed', other: makeBatch(dataset, rows, 1, 3, cropAndFlip) },
  ])('makes other views for another $name', ({ other }) => {
    expect(other.images).not.toEqual(batch.images);
  });

  it('shows the image itself without augmentation', () => {
    const { images } = makeBatch(dataset, [3], 0, 0, noAugmentation);
    const bytes = dataset.pixels.subarray(3 * imageLength, 4 * imageLength);
    expect(images).toEqual(Float32Array.from(bytes, (byte) => byte / 255));
  });
});

describe('batchesOf', () => {
  it.each([0, 1, 4])('prepares in the background what makeBatch makes: epoch %i', async (epoch) => {
    const batches = batchesOf(dataset, options);
    expect(batches.batchesPerEpoch).toBe(4);
    expect(await collect(batches.epoch(epoch))).toEqual(madeBatches(epoch, options));
  });

  it.each([0, 1, 3, 4])('starts at batch %i as a replay would reach it', async (start) => {
    const batches = batchesOf(dataset, options);
    expect(await collect(batches.epoch(2, start))).toEqual(madeBatches(2, options).slice(start));
  });

  it('shows view e mod views in epoch e', async () => {
    const batches = batchesOf(dataset, { ...options, batchSize: 20 });
    const views: number[] = [];
    for (const epoch of [0, 1, 2, 3, 7]) views.push((await collect(batches.epoch(epoch)))[0].view);
    expect(views).toEqual([0, 1, 2, 0, 1]);
  });

  it('gives the same images when memory is recycled, and takes it from recycled batches', async () => {
    const batches = batchesOf(dataset, { ...options, batchSize: 2, ahead: 1 });
    const expected = madeBatches(0, { ...options, batchSize: 2 });
    const given: Batch[] = [];
    for await (const batch of batches.epoch(0)) {
      expect(batch).toEqual(expected[given.length]);
      given.push(batch);
      batches.recycle(batch);
      batches.recycle(batch);
    }
    expect(given.length).toBe(11);
    expect(given.filter(({ images }) => images.length === 0).length).toBeGreaterThan(5);
  });

  it('lets two epochs run side by side', async () => {
    const batches = batchesOf(dataset, options);
    const both = await Promise.all([collect(batches.epoch(0)), collect(batches.epoch(1))]);
    expect(both).toEqual([madeBatches(0, options), madeBatches(1, options)]);
  });

  it('takes images that do not lie in shared memory', async () => {
    expect(dataset.pixels.buffer).toBeInstanceOf(ArrayBuffer);
    const shared = new Uint8Array(new SharedArrayBuffer(dataset.pixels.length));
    shared.set(dataset.pixels);
    const there = batchesOf({ ...dataset, pixels: shared }, options);
    expect(await collect(there.epoch(0))).toEqual(await collect(batchesOf(dataset, options).epoch(0)));
  });

  it('ends on an abort', async () => {
    const controller = new AbortController();
    const epoch = batchesOf(dataset, { ...options, signal: controller.signal }).epoch(0);
    await epoch.next();
    controller.abort(new Error('stopped by hand'));
    await expect(epoch.next()).rejects.toThrow('stopped by hand');
  });

  it('lets the process end while an epoch lies about unfinished', async () => {
    const program = `
      import { batchesOf } from ${JSON.stringify(new URL('../../dist/data/batches.js', import.meta.url).href)};
      const pixels = new Uint8Array(100 * 192);
      const dataset = { size: [8, 8], length: 100, pixels, labels: new Int32Array(100), indices: new Uint32Array(100) };
      const augmentation = { crop: null, flip: false };
      const batches = batchesOf(dataset, { batchSize: 5, seed: 1, viewSeed: 1, views: 1, augmentation });
      const { value } = await batches.epoch(0).next();
      console.log(value.size);`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', program],
      { timeout: 20_000 },
    );
    expect(stdout).toBe('5\n');
  });

  const badPadding: Augmentation = { crop: { padding: 6 }, flip: false };
  it.each([
    { change: { batchSize: 0 }, message: 'the batch size must be an integer of at least 1, got 0' },
    { change: { batchSize: 2.5 }, message: 'the batch size must be an integer of at least 1, got 2.5' },
    { change: { seed: -1 }, message: 'the seed must be an integer of at least 0, got -1' },
    { change: { viewSeed: Number.NaN }, message: 'the view seed must be an integer of at least 0, got NaN' },
    { change: { views: 0 }, message: 'the number of views must be an integer of at least 1, got 0' },
    { change: { ahead: 0 }, message: 'the number of batches ahead must be an integer of at least 1, got 0' },
    {
      change: { augmentation: badPadding },
      message: 'crop padding must be an integer from 0 to 5 for 8×6 images, got 6',
    },
    {
      change: { batchSize: 24 },
      message:
        'the batch size is 24, but the train split has only 23 images and incomplete batches are left out',
    },
  ])('refuses $change', ({ change, message }) => {
    const cut = () => batchesOf(dataset, { ...options, ...change });
    expect(cut).toThrow(InputError);
    expect(cut).toThrow(message);
  });

  it.each([
    { epoch: -1, start: 0, message: 'the epoch must be an integer of at least 0, got -1' },
    { epoch: 0, start: 5, message: 'the batch to start from must be an integer from 0 to 4, got 5' },
  ])('refuses to start at epoch $epoch, batch $start', ({ epoch, start, message }) => {
    expect(() => batchesOf(dataset, options).epoch(epoch, start)).toThrow(new InputError(message));
  });
});
