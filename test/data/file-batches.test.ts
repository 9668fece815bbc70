import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  cropAndFlip,
  drawFlip,
  noAugmentation,
  resizedCropAndFlip,
  trainingAugmentation,
} from '../../src/data/augmentation.js';
import type { Batch } from '../../src/data/batch.js';
import { batchesOf, viewBatch } from '../../src/data/batches.js';
import { evaluationBatches } from '../../src/data/evaluation-batches.js';
import { type FileDataset, firstRows, resizedTo, withTestResize } from '../../src/data/dataset.js';
import { imagenetJitter } from '../../src/data/color-jitter.js';
import { addLighting } from '../../src/data/lighting.js';
import { applyByteEffects, drawEffects } from '../../src/data/view-effects.js';
import { loadImageFolder } from '../../src/data/image-folder.js';
import { fileOf } from '../../src/data/image-files.js';
import { imageDigest } from '../../src/data/image-digest.js';
import { permutation } from '../../src/data/random.js';
import { drawResizedCrop, inceptionCrop } from '../../src/data/resized-crop.js';
import { InputError } from '../../src/errors.js';
import { scratchFolder } from '../files/scratch.js';
import { pathsOf, writeImages } from './image-files.js';
import { collect } from './collect.js';
import { randomDataset } from './images.js';

const folder = scratchFolder();
const classes = ['a', 'b', 'c'];
const options = { batchSize: 4, seed: 1, viewSeed: 2, views: 3, augmentation: resizedCropAndFlip };
let data: FileDataset;

beforeAll(async () => {
  await writeImages(folder, [...pathsOf('train', classes, 5), ...pathsOf('val', classes, 1)]);
  data = resizedTo(await loadImageFolder(folder, 'train'), [16, 24]) as FileDataset;
});

describe('batches of images in files', () => {
  it.each([0, 1, 4])('are prepared in the background as viewBatch makes them: epoch %i', async (epoch) => {
    const order = permutation(1, epoch, data.length);
    const expected: Batch[] = [];
    for (let n = 0; n < 3; n++)
      expected.push(await viewBatch(data, order.subarray(4 * n, 4 * n + 4), epoch % 3, 2, resizedCropAndFlip));
    const batches = batchesOf(data, options);
    expect(batches.batchesPerEpoch).toBe(3);
    const all = await collect(batches.epoch(epoch));
    expect(all).toEqual(expected);
    expect(await collect(batches.epoch(epoch, 2))).toEqual(expected.slice(2));
    expect(all[0].images).toHaveLength(4 * 16 * 24 * 3);
    expect(all[0].images).not.toEqual(all[1].images);
  });

  it('show a view that depends on the image alone', async () => {
    const batch = await viewBatch(data, [5, 0, 9], 1, 2, resizedCropAndFlip);
    const alone = await viewBatch(data, [9], 1, 2, resizedCropAndFlip);
    expect(alone.images).toEqual(batch.images.slice(2 * 16 * 24 * 3));
    expect([...batch.indices]).toEqual([5, 0, 9].map((row) => data.indices[row]));
    expect([...batch.labels]).toEqual([5, 0, 9].map((row) => data.labels[row]));
    // The images are 60 columns by 40 rows.
    const { left, top, width, height } = drawResizedCrop(inceptionCrop, 2, data.indices[9], 1, [40, 60]);
    expect([...batch.windows!.subarray(8)]).toEqual([left, top, width, height]);
    const other = await viewBatch(data, [9], 2, 2, resizedCropAndFlip);
    expect(other.images).not.toEqual(alone.images);
  });

  it('are the same where memory is recycled', async () => {
    const plain = await collect(batchesOf(data, options).epoch(0));
    const batches = batchesOf(data, { ...options, ahead: 1 });
    let n = 0;
    for await (const batch of batches.epoch(0)) {
      expect(batch).toEqual(plain[n++]);
      batches.recycle(batch);
    }
  });

  it('may be left early, while images are being decoded', async () => {
    const batches = batchesOf(data, { ...options, batchSize: 1 });
    for (let n = 0; n < 10; n++)
      for await (const batch of batches.epoch(n)) {
        expect(batch.size).toBe(1);
        break;
      }
  });

  it('hold all images in order for evaluation', async () => {
    const all = await collect(evaluationBatches(data, { batchSize: 4 }));
    expect(all.map(({ size }) => size)).toEqual([4, 4, 4, 2]);
    expect(all.flatMap(({ indices }) => [...indices])).toEqual([...data.indices]);
    expect(all[3].images).toEqual((await viewBatch(data, [12, 13], 0, 0, noAugmentation)).images);
  });

  it('end with an InputError that names an image which cannot be decoded', async () => {
    const broken = scratch('broken');
    await writeImages(broken, pathsOf('train', classes, 5));
    const there = resizedTo(await loadImageFolder(broken, 'train'), [16, 16]) as FileDataset;
    const bad = join(broken, 'train', fileOf(there.files, 6));
    writeFileSync(bad, 'no image');
    const error: unknown = await collect(evaluationBatches(there, { batchSize: 4 })).catch(
      (cause: unknown) => cause,
    );
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message).toContain(`the image ${bad} cannot be decoded`);
    expect((error as InputError).fix).toContain('`skipCorrupt: true`');
  });
});

describe('effects of images in files', () => {
  const effects = {
    rotation: 15,
    autoAugment: 'imagenet',
    colorJitter: imagenetJitter,
    lighting: 0.1,
  } as const;

  it.each([
    ['a resized crop', resizedCropAndFlip],
    ['the centre', { crop: null, flip: true }],
  ])('follow crop and flip, on bytes and then on floats (%s)', async (_, augmentation) => {
    const rows = [...Array(data.length).keys()];
    const plain = await viewBatch(data, rows, 1, 2, augmentation);
    const all = await viewBatch(data, rows, 1, 2, { ...augmentation, ...effects });
    const length = 16 * 24 * 3;
    let flips = 0;
    for (const row of rows) {
      const drawn = drawEffects(effects, 2, data.indices[row], 1)!;
      flips += Number(drawFlip(augmentation, 2, data.indices[row], 1));
      const own = plain.images.subarray(row * length, (row + 1) * length);
      const bytes = Uint8Array.from(own, (value) => Math.round(255 * value));
      applyByteEffects(bytes, data.size, drawn);
      const expected = Float32Array.from(bytes, (byte) => byte / 255);
      addLighting(expected, 0, length, drawn.lighting!);
      expect(all.images.subarray(row * length, (row + 1) * length)).toEqual(expected);
      expect(expected).not.toEqual(own);
    }
    expect(flips).toBeGreaterThan(0);
    expect(flips).toBeLessThan(rows.length);
    expect(all.windows).toEqual(plain.windows);
  });
});

describe('withTestResize', () => {
  it('brings the shorter side to that multiple of the view, and shows its centre', async () => {
    const resized = withTestResize(data, 1.35) as FileDataset;
    expect(resized.resize).toEqual({ short: 32, interpolation: 'bilinear' });
    expect((withTestResize({ ...data, size: [224, 224] }, 1.35) as FileDataset).resize.short).toBe(302);
    const [wide, narrow] = await Promise.all(
      [withTestResize(data, 1), resized].map((dataset) => viewBatch(dataset, [0], 0, 0, noAugmentation)),
    );
    // Red grows from 0 to 1 over the image of 60×40, of which at a shorter side of 24 and 32 pixels 24 columns show.
    const span = ({ images }: Batch): number => images[3 * 23] - images[0];
    expect(span(wide)).toBeCloseTo(23 / 36, 1);
    expect(span(narrow)).toBeCloseTo(23 / 48, 1);
  });

  it('leaves images in memory at 1, and is refused otherwise', () => {
    const memory = randomDataset(2);
    expect(withTestResize(memory, 1)).toBe(memory);
    expect(() => withTestResize(memory, 1.35)).toThrow(
      new InputError('testResize is for images in files, and those of cifar10 are in memory; expected 1, got 1.35.'),
    );
    for (const wrong of [0.9, Number.NaN, Infinity])
      expect(() => withTestResize(data, wrong)).toThrow(
        new InputError(`testResize must be a finite number of at least 1, got ${wrong}.`),
      );
  });
});

describe('imageDigest', () => {
  it('is that of the same images elsewhere, and another for other images', async () => {
    const digest = await imageDigest(data);
    const elsewhere = scratch('elsewhere');
    cpSync(join(folder, 'train'), join(elsewhere, 'train'), { recursive: true });
    const open = async (): Promise<FileDataset> =>
      resizedTo(await loadImageFolder(elsewhere, 'train'), [16, 24]) as FileDataset;
    expect(await imageDigest(await open())).toBe(digest);
    const others = [
      firstRows(data, 13),
      { ...data, labels: data.labels.map((label) => (label + 1) % 3) },
    ];
    for (const other of others) expect(await imageDigest(other)).not.toBe(digest);
    const there = await open();
    const path = join(elsewhere, 'train', fileOf(there.files, 3));
    // Another image in a file of the same length.
    const bytes = readFileSync(path);
    bytes[bytes.length - 10] ^= 1;
    writeFileSync(path, bytes);
    const progress: string[] = [];
    expect(await imageDigest(there, (done, total) => void progress.push(`${done}/${total}`))).not.toBe(digest);
    expect(progress).toHaveLength(there.length);
    expect(progress.at(-1)).toBe(`${there.length}/${there.length}`);
    rmSync(path);
    await expect(imageDigest(there)).rejects.toThrow(`the image ${path} cannot be read`);
  });

  it('depends on the pixels of images in memory', async () => {
    const memory = randomDataset(4);
    const pixels = memory.pixels.slice();
    const digest = await imageDigest(memory);
    expect(await imageDigest({ ...memory, pixels })).toBe(digest);
    pixels[100] ^= 1;
    expect(await imageDigest({ ...memory, pixels })).not.toBe(digest);
  });
});

describe('an augmentation', () => {
  it('is by default the one for the kind of images', () => {
    expect(trainingAugmentation(data)).toEqual(resizedCropAndFlip);
    expect(trainingAugmentation(randomDataset(1, [32, 32]))).toEqual(cropAndFlip);
  });

  it.each([
    { augmentation: cropAndFlip, message: 'a crop with padding is for images in memory, and those of imagefolder are in files' },
    {
      augmentation: { ...resizedCropAndFlip, resizedCrop: { scale: [0, 1], ratio: [1, 2] } as const },
      message: 'a resized crop needs rising scales in (0, 1] and rising ratios above 0, got 0 to 1 and 1 to 2',
    },
    {
      augmentation: { ...resizedCropAndFlip, resizedCrop: { scale: [0.5, 1], ratio: [2, 1] } as const },
      message: 'got 0.5 to 1 and 2 to 1',
    },
  ])('for images in files is refused: $message', ({ augmentation, message }) => {
    expect(() => batchesOf(data, { ...options, augmentation })).toThrow(InputError);
    expect(() => batchesOf(data, { ...options, augmentation })).toThrow(message);
  });

  it('of files is refused for images in memory', () => {
    expect(() => batchesOf(randomDataset(8), options)).toThrow(
      new InputError('a resized crop is for images in files, and those of cifar10 are in memory'),
    );
  });
});

function scratch(name: string): string {
  return join(folder, name);
}
