import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { InputError } from '../errors.js';
import type { FileDataset, Split } from './dataset.js';
import { packFiles } from './image-files.js';
import { trainingRows, validationRows } from './validation-split.js';

/** Options of loading a data set. */
export interface LoadDataOptions {
  /**
   * Decode every image of the split once and leave out those that fail. Default false: the first that fails
   * is an error.
   */
  readonly skipCorrupt?: boolean;
  /** Called for each image that is left out, with a sentence that names the file. */
  readonly onSkipped?: (message: string) => void;
}

/** The endings of image files, in lower case. */
const endings = new Set(['.jpg', '.jpeg', '.png']);
const layout = 'train/<class>/*.jpg|png and test/<class>/… or val/<class>/…';

/**
 * Opens a split of a folder of images. Training and validation images (5 %, see `validationRows`) are
 * `train/<class>/*`. Test images are `test/<class>/*`, or `val/<class>/*` if `test` has no class folders.
 * Images are files that end in .jpg, .jpeg or .png, in lower or upper case. Other files are ignored, and so
 * are names that start with a dot.
 *
 * Labels number the class folders, and indices number the images class by class. Both are sorted by name in
 * UTF-16 code units; this is the order of Python's `sorted` except for characters beyond U+FFFF. Both parts
 * must have the same classes.
 *
 * No image is opened here. Views are 224×224 (see `resizedTo` for another size). For evaluation the shorter
 * side is resized to 256 pixels by bilinear interpolation and the centre is cut out. Mean and std are those
 * of ImageNet.
 *
 * @throws InputError if a folder is missing, empty or unreadable, a class has no images, the classes of the
 *   two parts differ, or no image is left for the split
 */
export async function loadImageFolder(
  folder: string,
  split: Split,
  { skipCorrupt = false, onSkipped }: LoadDataOptions = {},
): Promise<FileDataset> {
  const training = join(folder, 'train');
  const classes = await classesOf(training);
  const part = split === 'test' ? await testFolder(folder) : training;
  if (split === 'test') checkSameClasses(training, classes, part, await classesOf(part));
  const { paths, labels } = await imagesOf(part, classes);
  let rows = rowsOf(split, labels, classes.length);
  if (rows.length === 0)
    throw new InputError(
      `${part} has only ${paths.length} images, of which 5 % are held out for validation: none`,
      { fix: 'put at least 10 images there' },
    );
  if (skipCorrupt) rows = await soundRows(part, rows, paths, onSkipped);
  return {
    kind: 'imagefolder',
    split,
    classes,
    size: [224, 224],
    length: rows.length,
    indices: rows,
    labels: Int32Array.from(rows, (row) => labels[row]),
    files: packFiles(part, Array.from(rows, (row) => paths[row])),
    resize: { short: 256, interpolation: 'bilinear' },
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
  };
}

function rowsOf(split: Split, labels: Int32Array, classCount: number): Uint32Array {
  const indices = Uint32Array.from(labels, (_, row) => row);
  if (split === 'test') return indices;
  const heldOut = validationRows(indices, labels, classCount);
  return split === 'validation' ? heldOut : trainingRows(labels.length, heldOut);
}

/** `test` if it has class folders (ImageNet's has images alone), otherwise `val`. */
async function testFolder(folder: string): Promise<string> {
  const test = join(folder, 'test');
  if ((await entriesOf(test).catch(() => [])).some(({ isFolder }) => isFolder)) return test;
  const val = join(folder, 'val');
  if (await stat(val).catch(() => undefined)) return val;
  throw new InputError(`${folder} has no folder test or val with class folders in it`, {
    fix: `lay the images out as ${layout}`,
  });
}

/** The names of the class folders, sorted. */
async function classesOf(part: string): Promise<string[]> {
  const classes = (await entriesOf(part)).filter(({ isFolder }) => isFolder).map(({ name }) => name);
  if (classes.length >= 2) return classes;
  const found = classes.length === 0 ? 'no class folders' : `only one class folder, ${classes[0]}`;
  throw new InputError(`${part} has ${found}; expected one folder for each of at least two classes`, {
    fix: `lay the images out as ${layout}`,
  });
}

function checkSameClasses(
  training: string,
  classes: readonly string[],
  test: string,
  testClasses: readonly string[],
): void {
  const [missing] = classes.filter((name) => !testClasses.includes(name));
  const [strange] = testClasses.filter((name) => !classes.includes(name));
  if (missing === undefined && strange === undefined) return;
  const [name, has, lacks] =
    missing === undefined ? [strange, test, training] : [missing, training, test];
  throw new InputError(`the class ${name} is in ${has} and not in ${lacks}: both need the same class folders`, {
    fix: 'add the folder that is missing, or take the other away',
  });
}

/** The images class by class, with paths relative to `part`. */
async function imagesOf(
  part: string,
  classes: readonly string[],
): Promise<{ paths: string[]; labels: Int32Array }> {
  const paths: string[] = [];
  const labels: number[] = [];
  for (const [label, name] of classes.entries()) {
    const before = paths.length;
    for (const entry of await entriesOf(join(part, name))) {
      if (entry.isFolder || !endings.has(extname(entry.name).toLowerCase())) continue;
      paths.push(join(name, entry.name));
      labels.push(label);
    }
    if (paths.length === before)
      throw new InputError(`the class folder ${join(part, name)} has no images (.jpg, .jpeg or .png)`, {
        fix: 'put images there, or take the folder away',
      });
  }
  return { paths, labels: Int32Array.from(labels) };
}

/** The rows whose images can be decoded. */
async function soundRows(
  part: string,
  rows: Uint32Array,
  paths: readonly string[],
  onSkipped: LoadDataOptions['onSkipped'],
): Promise<Uint32Array> {
  const { checkImage } = await import('./image-view.js');
  const sound: number[] = [];
  for (const row of rows) {
    try {
      await checkImage(join(part, paths[row]));
      sound.push(row);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      onSkipped?.(error.message);
    }
  }
  if (sound.length === 0) throw new InputError(`none of the ${rows.length} images in ${part} can be decoded`);
  return Uint32Array.from(sound);
}

interface Entry {
  readonly name: string;
  readonly isFolder: boolean;
}

/**
 * The files and folders in a folder, sorted by name. Links are followed; names that start with a dot are left
 * out.
 */
async function entriesOf(folder: string): Promise<Entry[]> {
  let found: Dirent[];
  try {
    found = await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const state =
      code === 'ENOENT' ? 'does not exist' : code === 'ENOTDIR' ? 'is not a folder' : 'cannot be read';
    throw new InputError(`the data folder ${folder} ${state}`, {
      fix: `lay the images out as ${layout}`,
      cause,
    });
  }
  const entries: Entry[] = [];
  for (const entry of found) {
    if (entry.name.startsWith('.')) continue;
    const isLink = entry.isSymbolicLink();
    const isFolder = isLink
      ? ((await stat(join(folder, entry.name)).catch(() => undefined))?.isDirectory() ?? false)
      : entry.isDirectory();
    entries.push({ name: entry.name, isFolder });
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}
