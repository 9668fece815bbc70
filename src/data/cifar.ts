import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../errors.js';
import type { PixelDataset, Split } from './dataset.js';
import { trainingRows, validationRows } from './validation-split.js';

/** Height and width of all CIFAR images. */
export const CIFAR_SIZE = [32, 32] as const;
/** Pixels of one colour plane. */
export const PLANE_LENGTH = 32 * 32;
/** Bytes of one image. */
export const IMAGE_LENGTH = 3 * PLANE_LENGTH;

/** One of the two data sets in the binary version of https://www.cs.toronto.edu/~kriz/cifar.html. */
export interface CifarFormat {
  readonly kind: string;
  /** Its name in messages. */
  readonly title: string;
  /** Label bytes before the 3,072 pixel bytes of a record. The last one is the label that is used. */
  readonly labelBytes: number;
  readonly trainFiles: readonly string[];
  readonly testFile: string;
  /** A text file with one class name a line. */
  readonly namesFile: string;
  readonly classCount: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

export const cifar10: CifarFormat = {
  kind: 'cifar10',
  title: 'CIFAR-10',
  labelBytes: 1,
  trainFiles: [1, 2, 3, 4, 5].map((n) => `data_batch_${n}.bin`),
  testFile: 'test_batch.bin',
  namesFile: 'batches.meta.txt',
  classCount: 10,
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.247, 0.2435, 0.2616],
};

/** The fine labels are used; the coarse ones are skipped. */
export const cifar100: CifarFormat = {
  kind: 'cifar100',
  title: 'CIFAR-100',
  labelBytes: 2,
  trainFiles: ['train.bin'],
  testFile: 'test.bin',
  namesFile: 'fine_label_names.txt',
  classCount: 100,
  mean: [0.5071, 0.4865, 0.4409],
  std: [0.2673, 0.2564, 0.2762],
};

/** Bytes of one record: labels, then 1,024 red, 1,024 green and 1,024 blue bytes, each colour row by row. */
export function recordLength(format: CifarFormat): number {
  return format.labelBytes + IMAGE_LENGTH;
}

/** The records of one file, and its name for messages. */
export interface RecordFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Loads a split from a folder in the binary format. Only the files that the split needs are read. Original
 * indices count the images of all training files in order, or those of the test file.
 *
 * @throws InputError if the folder or a file is missing or cannot be read, a file is not a whole number of
 *   records, or a label is out of range
 */
export async function loadCifar(format: CifarFormat, folder: string, split: Split): Promise<PixelDataset> {
  await requireFolder(format, folder);
  const classes = await readClassNames(format, folder);
  const names = split === 'test' ? [format.testFile] : format.trainFiles;
  const files: RecordFile[] = [];
  for (const name of names) {
    const path = join(folder, name);
    files.push({ name: path, bytes: await readData(format, path, split) });
  }
  return datasetFromRecords(format, split, classes, files);
}

/**
 * Makes the data set of a split from the records of the training files, or of the test file.
 *
 * @param originalIndices index of each record in the original files; by default its place in `files`
 * @throws InputError if a file is not a whole number of records, or a label is out of range
 */
export function datasetFromRecords(
  format: CifarFormat,
  split: Split,
  classes: readonly string[],
  files: readonly RecordFile[],
  originalIndices?: Uint32Array,
): PixelDataset {
  const record = recordLength(format);
  const counts = files.map((file) => countRecords(format, file));
  const total = counts.reduce((sum, count) => sum + count, 0);
  const images = new Array<Uint8Array>(total);
  const allLabels = new Int32Array(total);
  let place = 0;
  files.forEach(({ name, bytes }, which) => {
    for (let n = 0; n < counts[which]; n++, place++) {
      const start = n * record + format.labelBytes;
      const label = bytes[start - 1];
      if (label >= format.classCount) {
        throw new InputError(
          `record ${n} of ${name} has label ${label}, but the labels of ${format.title} are 0 to ${format.classCount - 1}`,
          { fix: fixOf(format) },
        );
      }
      allLabels[place] = label;
      images[place] = bytes.subarray(start, start + IMAGE_LENGTH);
    }
  });
  const allIndices = originalIndices ?? Uint32Array.from({ length: total }, (_, index) => index);
  const rows = rowsOf(split, allIndices, allLabels, format.classCount);
  // In shared memory, so that the thread that prepares batches needs no copy.
  const pixels = new Uint8Array(new SharedArrayBuffer(rows.length * IMAGE_LENGTH));
  rows.forEach((row, n) => {
    interleave(images[row], pixels, n * IMAGE_LENGTH);
  });
  return {
    kind: format.kind,
    split,
    classes,
    size: CIFAR_SIZE,
    length: rows.length,
    indices: rows.map((row) => allIndices[row]),
    labels: Int32Array.from(rows, (row) => allLabels[row]),
    pixels,
    mean: format.mean,
    std: format.std,
  };
}

function rowsOf(split: Split, indices: Uint32Array, labels: Int32Array, classCount: number): Uint32Array {
  if (split === 'test') return Uint32Array.from({ length: labels.length }, (_, row) => row);
  const heldOut = validationRows(indices, labels, classCount);
  return split === 'validation' ? heldOut : trainingRows(labels.length, heldOut);
}

/** Turns three colour planes into RGB, RGB, … */
function interleave(planes: Uint8Array, target: Uint8Array, offset: number): void {
  for (let pixel = 0, to = offset; pixel < PLANE_LENGTH; pixel++, to += 3) {
    target[to] = planes[pixel];
    target[to + 1] = planes[PLANE_LENGTH + pixel];
    target[to + 2] = planes[2 * PLANE_LENGTH + pixel];
  }
}

/**
 * The number of records of a file.
 *
 * @throws InputError if it is 0 or not whole
 */
export function countRecords(format: CifarFormat, { name, bytes }: RecordFile): number {
  const record = recordLength(format);
  if (bytes.length > 0 && bytes.length % record === 0) return bytes.length / record;
  throw new InputError(
    `${name} has ${inDigits(bytes.length)} bytes, but a ${format.title} file is a whole number of records ` +
      `of ${inDigits(record)} bytes: it is truncated or not in the binary format`,
    { fix: fixOf(format) },
  );
}

async function requireFolder(format: CifarFormat, folder: string): Promise<void> {
  const found = await stat(folder).catch((cause: unknown) => {
    const state = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : 'cannot be read';
    throw new InputError(`the data folder ${folder} ${state}; expected ${expectation(format)}`, {
      fix: fixOf(format),
      cause,
    });
  });
  if (found.isDirectory()) return;
  throw new InputError(`${folder} is not a folder; expected one with ${expectation(format)}`, {
    fix: `give the folder that holds the files: ${format.kind}:<folder>`,
  });
}

async function readClassNames(format: CifarFormat, folder: string): Promise<string[]> {
  const path = join(folder, format.namesFile);
  const text = new TextDecoder().decode(await readData(format, path, undefined));
  const names = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (names.length === format.classCount) return names;
  throw new InputError(
    `${path} has ${names.length} class names, but ${format.title} has ${format.classCount}, one a line`,
    { fix: fixOf(format) },
  );
}

async function readData(format: CifarFormat, path: string, split: Split | undefined): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const state = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'is missing' : 'cannot be read';
    const need = split === undefined ? '' : ` (the ${split} split needs it)`;
    throw new InputError(`${path} ${state}${need}; a ${format.title} folder holds ${expectation(format)}`, {
      fix: fixOf(format),
      cause,
    });
  }
}

function expectation({ trainFiles, testFile, namesFile }: CifarFormat): string {
  return `${[...trainFiles, testFile].join(', ')} and ${namesFile}`;
}

function fixOf({ title }: CifarFormat): string {
  return `download the binary version of ${title} from https://www.cs.toronto.edu/~kriz/cifar.html and unpack it`;
}

function inDigits(n: number): string {
  return n.toLocaleString('en-US');
}
