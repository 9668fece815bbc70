import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cifar10, cifar100, loadCifar } from '../../src/data/cifar.js';
import type { Split } from '../../src/data/dataset.js';
import { InputError } from '../../src/errors.js';
import { recordFile } from './images.js';

const hundredNames = Array.from({ length: 100 }, (_, n) => `class ${n}`).join('\n');
const tenNames = 'airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n';
const labels = Array.from({ length: 20 }, (_, n) => n % 10);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cifar-'));
});
afterEach(() => rm(folder, { recursive: true }));

const write = (name: string, content: string | Uint8Array) => writeFile(join(folder, name), content);

async function writeCifar10(): Promise<Uint8Array[]> {
  const files = cifar10.trainFiles.map((_, n) => recordFile(cifar10, labels, n));
  await write('batches.meta.txt', tenNames);
  await write('test_batch.bin', recordFile(cifar10, [3, 9], 9));
  for (const [n, name] of cifar10.trainFiles.entries()) await write(name, files[n]);
  return files;
}

describe('loadCifar with CIFAR-10', () => {
  it('reads the test file in its order, planes turned into RGB', async () => {
    await writeCifar10();
    const data = await loadCifar(cifar10, folder, 'test');
    const records = recordFile(cifar10, [3, 9], 9);
    expect(data).toMatchObject({ kind: 'cifar10', split: 'test', length: 2, size: [32, 32] });
    expect(data.mean).toEqual([0.4914, 0.4822, 0.4465]);
    expect(data.std).toEqual([0.247, 0.2435, 0.2616]);
    expect(data.classes).toEqual(tenNames.trim().split('\n'));
    expect([...data.labels]).toEqual([3, 9]);
    expect([...data.indices]).toEqual([0, 1]);
    const expected = [0, 1].flatMap((n) =>
      Array.from({ length: 3072 }, (_, k) => records[n * 3073 + 1 + (k % 3) * 1024 + Math.floor(k / 3)]),
    );
    expect([...data.pixels]).toEqual(expected);
  });

  it('shares the training files between training and validation, original indices kept', async () => {
    const files = await writeCifar10();
    const train = await loadCifar(cifar10, folder, 'train');
    const validation = await loadCifar(cifar10, folder, 'validation');
    expect([train.length, validation.length]).toEqual([95, 5]);
    expect([...train.indices, ...validation.indices].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, n) => n),
    );
    for (const data of [train, validation]) {
      data.indices.forEach((index, row) => {
        const file = files[Math.floor(index / 20)];
        const start = (index % 20) * 3073;
        expect(data.labels[row]).toBe(file[start]);
        expect(data.pixels[row * 3072 + 2]).toBe(file[start + 1 + 2048]);
      });
    }
  });
});

describe('loadCifar with CIFAR-100', () => {
  it('uses the fine label, the second byte, and needs no train.bin for the test split', async () => {
    await write('fine_label_names.txt', hundredNames);
    await write('test.bin', recordFile(cifar100, [0, 42, 99]));
    const data = await loadCifar(cifar100, folder, 'test');
    expect([...data.labels]).toEqual([0, 42, 99]);
    expect(data.classes[42]).toBe('class 42');
    expect(data.mean).toEqual([0.5071, 0.4865, 0.4409]);
    expect(data.std).toEqual([0.2673, 0.2564, 0.2762]);
    expect(data.pixels[0]).toBe(recordFile(cifar100, [0])[2]);
  });

  it('reads train.bin where it is', async () => {
    await write('fine_label_names.txt', hundredNames);
    await write('train.bin', recordFile(cifar100, labels));
    expect((await loadCifar(cifar100, folder, 'train')).length).toBe(19);
    expect((await loadCifar(cifar100, folder, 'validation')).length).toBe(1);
  });
});

describe('loadCifar refuses', () => {
  const allFiles =
    'data_batch_1.bin, data_batch_2.bin, data_batch_3.bin, data_batch_4.bin, data_batch_5.bin, test_batch.bin and batches.meta.txt';

  async function refusal(format: typeof cifar10, path: string, split: Split): Promise<InputError> {
    const error: unknown = await loadCifar(format, path, split).catch((cause: unknown) => cause);
    if (!(error instanceof InputError)) throw new Error('it was not refused with an InputError');
    return error;
  }

  it('a missing folder', async () => {
    const path = join(folder, 'nowhere');
    const error = await refusal(cifar10, path, 'test');
    expect(error.message).toBe(`the data folder ${path} does not exist; expected ${allFiles}`);
    expect(error.fix).toBe(
      'download the binary version of CIFAR-10 from https://www.cs.toronto.edu/~kriz/cifar.html and unpack it',
    );
  });

  it('a file in place of the folder', async () => {
    await write('test_batch.bin', '');
    const path = join(folder, 'test_batch.bin');
    expect((await refusal(cifar10, path, 'test')).message).toBe(
      `${path} is not a folder; expected one with ${allFiles}`,
    );
  });

  it('a missing training file', async () => {
    await writeCifar10();
    await rm(join(folder, 'data_batch_3.bin'));
    expect((await refusal(cifar10, folder, 'train')).message).toBe(
      `${join(folder, 'data_batch_3.bin')} is missing (the train split needs it); a CIFAR-10 folder holds ${allFiles}`,
    );
  });

  it('CIFAR-100 without train.bin when training is asked', async () => {
    await write('fine_label_names.txt', hundredNames);
    await write('test.bin', recordFile(cifar100, [1]));
    expect((await refusal(cifar100, folder, 'validation')).message).toBe(
      `${join(folder, 'train.bin')} is missing (the validation split needs it); ` +
        'a CIFAR-100 folder holds train.bin, test.bin and fine_label_names.txt',
    );
  });

  it('missing class names', async () => {
    await write('test_batch.bin', recordFile(cifar10, [1]));
    expect((await refusal(cifar10, folder, 'test')).message).toContain(
      'batches.meta.txt is missing; a CIFAR-10',
    );
  });

  it('class names of another number', async () => {
    await write('batches.meta.txt', 'cat\ndog\n');
    expect((await refusal(cifar10, folder, 'test')).message).toBe(
      `${join(folder, 'batches.meta.txt')} has 2 class names, but CIFAR-10 has 10, one a line`,
    );
  });

  it.each([
    { bytes: 3072, digits: '3,072' },
    { bytes: 0, digits: '0' },
    { bytes: 4 * 3073 + 1, digits: '12,293' },
  ])('a truncated file of $bytes bytes', async ({ bytes, digits }) => {
    await write('batches.meta.txt', tenNames);
    await write('test_batch.bin', recordFile(cifar10, new Array<number>(5).fill(1)).subarray(0, bytes));
    expect((await refusal(cifar10, folder, 'test')).message).toBe(
      `${join(folder, 'test_batch.bin')} has ${digits} bytes, but a CIFAR-10 file is a whole number of records ` +
        'of 3,073 bytes: it is truncated or not in the binary format',
    );
  });

  it('a label out of range', async () => {
    await write('batches.meta.txt', tenNames);
    await write('test_batch.bin', recordFile(cifar10, [0, 9, 10]));
    expect((await refusal(cifar10, folder, 'test')).message).toBe(
      `record 2 of ${join(folder, 'test_batch.bin')} has label 10, but the labels of CIFAR-10 are 0 to 9`,
    );
  });
});
