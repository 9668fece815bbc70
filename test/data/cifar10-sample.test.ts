import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadCifar10Sample, SAMPLE_FOLDER, sha256Of } from '../../src/data/cifar10-sample.js';
import { cifar10, loadCifar } from '../../src/data/cifar.js';
import { loadDataset } from '../../src/data/data-spec.js';
import type { PixelDataset, Split } from '../../src/data/dataset.js';
import { InputError } from '../../src/errors.js';

const fullData = fileURLToPath(new URL('../../../shared/data/cifar-10-batches-bin', import.meta.url));
const splits: Split[] = ['train', 'validation', 'test'];

describe('the CIFAR-10 sample', () => {
  const sample = {} as Record<Split, PixelDataset>;
  beforeAll(async () => {
    for (const split of splits) sample[split] = (await loadDataset('cifar10-sample', split)) as PixelDataset;
  });

  it.each([
    { split: 'train', each: 380 },
    { split: 'validation', each: 20 },
    { split: 'test', each: 100 },
  ] as const)('has $each images of each class in $split', ({ split, each }) => {
    const counts = new Array<number>(10).fill(0);
    sample[split].labels.forEach((label) => counts[label]++);
    expect(counts).toEqual(new Array(10).fill(each));
    expect(sample[split]).toMatchObject({
      kind: 'cifar10',
      split,
      length: 10 * each,
      classes: { length: 10 },
    });
  });

  it('has 4,000 different training images in two disjoint splits, by their original indices', () => {
    const indices = new Set([...sample.train.indices, ...sample.validation.indices]);
    expect(indices.size).toBe(4000);
    expect(Math.max(...indices)).toBeLessThan(50_000);
    expect(Math.max(...sample.test.indices)).toBeLessThan(10_000);
  });

  it('holds out the same validation images for ever', () => {
    expect(sha256Of(Buffer.from(sample.validation.indices.join()))).toMatchInlineSnapshot(
      `"1f0eccee4fdbf507f2d4fa8ec97db68c042274d2397e4bbb49439f7e2dcb8918"`,
    );
  });

  it('takes less than 12 MB', async () => {
    const sizes = (await readdir(SAMPLE_FOLDER)).map(
      async (name) => (await stat(join(SAMPLE_FOLDER, name))).size,
    );
    expect((await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)).toBeLessThan(12e6);
  });

  it.skipIf(!existsSync(fullData))(
    'equals the records of the full data at its indices (needs ../shared/data/cifar-10-batches-bin)',
    async () => {
      const full = Object.fromEntries(
        await Promise.all(
          splits.map(async (split) => [split, await loadCifar(cifar10, fullData, split)] as const),
        ),
      );
      const where = new Map<string, { dataset: PixelDataset; row: number }>();
      for (const dataset of Object.values(full)) {
        const file = dataset.split === 'test' ? 'test' : 'train';
        dataset.indices.forEach((index, row) => where.set(`${file} ${index}`, { dataset, row }));
      }
      for (const split of splits) {
        const part = sample[split];
        part.indices.forEach((index, row) => {
          const there = where.get(`${split === 'test' ? 'test' : 'train'} ${index}`);
          if (there === undefined) throw new Error(`index ${index} of ${split} is not in the full data`);
          expect(part.labels[row]).toBe(there.dataset.labels[there.row]);
          const here = Buffer.from(part.pixels.buffer, row * 3072, 3072);
          expect(here.equals(there.dataset.pixels.subarray(there.row * 3072, (there.row + 1) * 3072))).toBe(
            true,
          );
        });
      }
    },
  );
});

describe('loadCifar10Sample refuses', () => {
  it('a folder without the sample', async () => {
    await expect(loadCifar10Sample('test', '/nowhere')).rejects.toThrow(
      'the CIFAR-10 sample in /nowhere is missing or damaged: ENOENT',
    );
  });

  it.each([
    {
      name: 'cut short',
      damage: (bytes: Buffer) => bytes.subarray(0, 1000),
      message: 'unexpected end of file',
    },
    { name: 'of other images', damage: undefined, message: 'does not have the SHA-256 of the manifest' },
  ])('a file that is $name', async ({ damage, message }) => {
    const folder = await mkdtemp(join(tmpdir(), 'sample-'));
    try {
      const packed = await readFile(join(SAMPLE_FOLDER, 'test.bin.br'));
      await writeFile(join(folder, 'test.bin.br'), damage === undefined ? packed : damage(packed));
      const manifest = await readFile(join(SAMPLE_FOLDER, 'manifest.json'), 'utf8');
      await copyFile(join(SAMPLE_FOLDER, 'manifest.json'), join(folder, 'manifest.json'));
      // A wrong label changes the records as a wrong image does.
      if (damage === undefined) {
        await writeFile(
          join(folder, 'manifest.json'),
          manifest.replace(
            /("test":.*"labels":")([0-9])/,
            (_, before: string, digit: string) => `${before}${9 - Number(digit)}`,
          ),
        );
      }
      const refusal = loadCifar10Sample('test', folder);
      await expect(refusal).rejects.toThrow(InputError);
      await expect(refusal).rejects.toThrow(message);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
