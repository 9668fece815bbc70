import { InputError } from '../errors.js';
import { loadDataset } from './data-spec.js';
import type { Dataset, Split } from './dataset.js';
import { imageDigest } from './image-digest.js';

/** The contents of one split. */
export interface SplitFacts {
  readonly split: Split;
  readonly images: number;
  readonly size: readonly [height: number, width: number];
  /** Images of each class, in label order. */
  readonly perClass: readonly number[];
  /** Mean of each colour in [0, 1]; undefined for images in files. */
  readonly mean: readonly number[] | undefined;
  readonly sha256: string;
}

/** The contents of a data set, and what is wrong with it. */
export interface DataFacts {
  readonly classes: readonly string[];
  readonly splits: readonly SplitFacts[];
  /** What is wrong, one sentence each. */
  readonly problems: readonly string[];
}

const splits = ['train', 'validation', 'test'] as const;

/**
 * Reads all of the data that a spec names, and decodes every image in files. Problems are images that cannot
 * be decoded, classes without images in a split, and, for images in memory, images that two splits share.
 *
 * @throws InputError for a spec that is not understood, or data that are missing or wrong as a whole
 */
export async function checkData(spec: string): Promise<DataFacts> {
  const problems: string[] = [];
  const loaded: Dataset[] = [];
  for (const split of splits)
    loaded.push(
      await loadDataset(spec, split, { skipCorrupt: true, onSkipped: (message) => void problems.push(message) }),
    );
  const [first] = loaded;
  const facts: SplitFacts[] = [];
  for (const dataset of loaded) {
    const perClass = first.classes.map(() => 0);
    for (const label of dataset.labels) perClass[label]++;
    const empty = first.classes.filter((_, label) => perClass[label] === 0);
    if (empty.length > 0)
      problems.push(`the ${dataset.split} split has no image of ${empty.slice(0, 5).join(', ')}${empty.length > 5 ? ', …' : ''}.`);
    facts.push({
      split: dataset.split,
      images: dataset.length,
      size: dataset.size,
      perClass,
      mean: 'pixels' in dataset ? meanOf(dataset.pixels) : undefined,
      sha256: await imageDigest(dataset),
    });
  }
  problems.push(...sharedImages(loaded));
  return { classes: first.classes, splits: facts, problems };
}

function meanOf(pixels: Uint8Array): number[] {
  const sums = [0, 0, 0];
  for (let i = 0; i < pixels.length; i += 3) for (let c = 0; c < 3; c++) sums[c] += pixels[i + c];
  return sums.map((sum) => sum / (255 * (pixels.length / 3)));
}

/** A sentence for each pair of splits that have images in common, pixel for pixel. */
function sharedImages(loaded: readonly Dataset[]): string[] {
  const seen = new Map<string, Split>();
  const shared = new Map<string, number>();
  for (const dataset of loaded) {
    if (!('pixels' in dataset)) return [];
    const bytes = dataset.pixels.length / dataset.length;
    const own = new Set<string>();
    for (let row = 0; row < dataset.length; row++) {
      const start = dataset.pixels.byteOffset + row * bytes;
      own.add(Buffer.from(dataset.pixels.buffer, start, bytes).toString('latin1'));
    }
    for (const image of own) {
      const other = seen.get(image);
      if (other === undefined) seen.set(image, dataset.split);
      else shared.set(`${other} and ${dataset.split}`, (shared.get(`${other} and ${dataset.split}`) ?? 0) + 1);
    }
  }
  return [...shared].map(
    ([pair, count]) => `the splits ${pair} share ${count.toLocaleString('en-US')} ${count === 1 ? 'image' : 'images'}.`,
  );
}

/** @throws InputError that counts the problems, if there are any */
export function requireSound({ problems }: DataFacts): void {
  if (problems.length === 0) return;
  throw new InputError(`the data have ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}.`, {
    fix: 'mend or remove what is named above; images that cannot be decoded are left out with `skipCorrupt: true`',
  });
}
