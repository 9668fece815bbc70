import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadDataset } from '../../src/data/data-spec.js';
import { type FileDataset, firstRows, resizedTo, type Split } from '../../src/data/dataset.js';
import { loadImageFolder } from '../../src/data/image-folder.js';
import { fileOf } from '../../src/data/image-files.js';
import { InputError } from '../../src/errors.js';
import { scratchFolder } from '../files/scratch.js';
import { pathsOf, writeImages } from './image-files.js';
import { randomDataset } from './images.js';

const scratch = scratchFolder();
const good = join(scratch, 'good');
const classes = ['Zebra', 'ant', 'bee'];
const filesOf = (data: FileDataset): string[] =>
  Array.from({ length: data.length }, (_, row) => fileOf(data.files, row));

beforeAll(async () => {
  // Made in another order than that of their names.
  await writeImages(good, pathsOf('train', ['bee', 'ant', 'Zebra'], 10));
  await writeImages(good, ['train/ant/a.PNG', 'train/ant/ä.JPEG'].map((path) => path.replace('PNG', 'png')));
  await writeImages(good, pathsOf('val', classes, 2));
  for (const name of ['train/ant/notes.txt', 'train/.hidden/x.jpg', 'train/ant/.x.jpg', 'test/1.jpg']) {
    mkdirSync(join(good, name, '..'), { recursive: true });
    writeFileSync(join(good, name), 'no image');
  }
  mkdirSync(join(good, 'train/ant/folder.jpg'));
});

describe('a folder of images', () => {
  it('has its classes by name, and its images class by class', async () => {
    const [train, validation] = await Promise.all(
      (['train', 'validation'] as const).map((split) => loadImageFolder(good, split)),
    );
    expect(train.classes).toEqual(classes);
    expect(validation.classes).toEqual(classes);
    // 5 % of 32 are 2, and the two sides share no image.
    expect([train.length, validation.length]).toEqual([30, 2]);
    expect(new Set([...train.indices, ...validation.indices]).size).toBe(32);
    const digits = Array.from({ length: 10 }, (_, n) => `${n}.jpg`);
    const all = [
      ...digits.map((name) => `Zebra/${name}`),
      ...[...digits, 'a.png', 'ä.JPEG'].map((name) => `ant/${name}`),
      ...digits.map((name) => `bee/${name}`),
    ];
    for (const data of [train, validation]) {
      expect(filesOf(data)).toEqual([...data.indices].map((index) => all[index]));
      expect([...data.labels]).toEqual(filesOf(data).map((path) => classes.indexOf(path.split('/')[0])));
    }
  });

  it('takes its test images from val where test has no classes, else from test', async () => {
    const fromVal = await loadImageFolder(good, 'test');
    expect(filesOf(fromVal)).toEqual(pathsOf('x', classes, 2).map((path) => path.slice(2)));
    expect([...fromVal.indices]).toEqual([0, 1, 2, 3, 4, 5]);
    expect(fromVal.files.folder).toBe(join(good, 'val'));
    const both = join(scratch, 'both');
    cpSync(good, both, { recursive: true });
    await writeImages(both, pathsOf('test', classes, 1));
    expect((await loadImageFolder(both, 'test')).files.folder).toBe(join(both, 'test'));
  });

  it('is reached by a data spec, follows links, and opens no image', async () => {
    const linked = join(scratch, 'linked');
    mkdirSync(linked);
    mkdirSync(join(linked, 'train'));
    for (const name of classes) symlinkSync(join(good, 'train', name), join(linked, 'train', name));
    writeFileSync(join(good, 'train/ant/junk.jpg'), 'no image');
    const data = await loadDataset(`imagefolder:${linked}`, 'train');
    rmSync(join(good, 'train/ant/junk.jpg'));
    expect(data).toMatchObject({ kind: 'imagefolder', size: [224, 224], length: 31 });
  });

  it('leaves out what cannot be decoded if it is asked to, and tells', async () => {
    const folder = join(scratch, 'corrupt');
    cpSync(good, folder, { recursive: true });
    const whole = await loadImageFolder(folder, 'train');
    const bad = fileOf(whole.files, 7);
    writeFileSync(join(folder, 'train', bad), 'no image');
    const told: string[] = [];
    const onSkipped = (message: string): void => void told.push(message);
    const rest = await loadImageFolder(folder, 'train', { skipCorrupt: true, onSkipped });
    expect(told).toEqual([expect.stringContaining(`${join(folder, 'train', bad)} cannot be decoded`)]);
    expect([...rest.indices]).toEqual([...whole.indices].filter((_, row) => row !== 7));
    expect(filesOf(rest)).toEqual(filesOf(whole).filter((path) => path !== bad));
    expect([...rest.labels]).toEqual([...whole.labels].filter((_, row) => row !== 7));
  });
});

describe('a folder of images is refused', () => {
  const remove =
    (...paths: string[]) =>
    (folder: string): void =>
      paths.forEach((path) => rmSync(join(folder, path), { recursive: true }));
  it.each<[title: string, split: Split, change: (folder: string) => void, message: RegExp]>([
    ['that is not there', 'train', remove('.'), /^the data folder \S+train does not exist$/],
    ['that is a file', 'train', (at) => (remove('train')(at), writeFileSync(join(at, 'train'), '')), /train is not a folder$/],
    ['without train', 'test', remove('train'), /^the data folder \S+train does not exist$/],
    ['that is empty', 'train', remove('train/ant', 'train/bee', 'train/Zebra'), /train has no class folders; expected one folder for each of at least two classes$/],
    ['of one class', 'train', remove('train/bee', 'train/Zebra'), /train has only one class folder, ant; expected/],
    ['with a class without images', 'train', (at) => mkdirSync(join(at, 'train/cow')), /^the class folder \S+train\/cow has no images \(\.jpg, \.jpeg or \.png\)$/],
    ['without test images', 'test', remove('val'), /has no folder test or val with class folders in it$/],
    ['whose test images lack a class', 'test', remove('val/bee'), /^the class bee is in \S+train and not in \S+val: both need the same class folders$/],
    ['whose test images have one more', 'test', remove('train/bee'), /^the class bee is in \S+val and not in \S+train: both need/],
    ['too small for a validation split', 'validation', (at) => {
      for (const name of classes) for (let n = 1; n < 10; n++) rmSync(join(at, `train/${name}/${n}.jpg`));
    }, /train has only 5 images, of which 5 % are held out for validation: none$/],
  ])('%s', async (_, split, change, message) => {
    const folder = join(scratch, 'changed');
    rmSync(folder, { recursive: true, force: true });
    cpSync(good, folder, { recursive: true });
    change(folder);
    const error: unknown = await loadImageFolder(folder, split).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message).toMatch(message);
    expect((error as InputError).fix).toBeDefined();
  });
});

describe('resizedTo', () => {
  it('gives images in files another size, in proportion or as it is told', async () => {
    const data = await loadImageFolder(good, 'test');
    expect(data.resize).toEqual({ short: 256, interpolation: 'bilinear' });
    expect(resizedTo(data, [224, 224])).toBe(data);
    expect(resizedTo(data, [112, 112])).toMatchObject({ size: [112, 112], resize: { short: 128 } });
    const resize = { short: 232, interpolation: 'bicubic' } as const;
    expect(resizedTo(data, [224, 224], resize)).toMatchObject({ size: [224, 224], resize });
    expect(() => resizedTo(data, [240, 224], resize)).toThrow(
      'images are brought to a shorter side of 232 pixels, from which 240×224 cannot be cut',
    );
  });

  it('leaves images in memory as they are', () => {
    const data = randomDataset(3);
    expect(resizedTo(data, [224, 224])).toBe(data);
  });
});

describe('firstRows', () => {
  it('takes the first rows of images in files and in memory', async () => {
    const files = await loadImageFolder(good, 'test');
    expect(filesOf(firstRows(files, 2))).toEqual(filesOf(files).slice(0, 2));
    const memory = randomDataset(5);
    const first = firstRows(memory, 2);
    expect(first).toMatchObject({ length: 2, labels: memory.labels.slice(0, 2) });
    expect([...first.pixels]).toEqual([...memory.pixels.slice(0, 2 * 8 * 6 * 3)]);
  });
});
