import { InputError } from '../errors.js';
import { type Augmentation, completeAugmentation } from '../data/augmentation.js';
import type { Dataset } from '../data/dataset.js';
import type { ProgressListener } from '../progress-listener.js';
import { imageDigest } from '../data/image-digest.js';
import type { CacheIdentity, DataIdentity } from './manifest.js';

/**
 * The identity of a data set: its facts, how images are resized, and the digest of the images. Images in
 * files are read.
 *
 * @param onHashed called with the number of image files that are read
 * @throws InputError if a file cannot be read
 */
export async function dataIdentity(dataset: Dataset, onHashed?: ProgressListener): Promise<DataIdentity> {
  const { kind, split, classes, size, length } = dataset;
  const resize = 'pixels' in dataset ? null : dataset.resize;
  return {
    kind,
    split,
    pictures: length,
    size: [size[0], size[1]],
    resize: resize && { short: resize.short, interpolation: resize.interpolation },
    classes: [...classes],
    // Distinguishes such caches from older ones, whose digest was of lengths instead of contents.
    ...('pixels' in dataset ? {} : { digestOf: 'contents' as const }),
    sha256: await imageDigest(dataset, onHashed),
  };
}

/** Keys that are not compared: runs on the same cache may have other values. */
const informative = new Set(['file', 'cardSha256', 'expectedTop1']);

/** A difference between what a cache was made for and what it is used for. */
export interface Difference {
  /** The path of the key in the manifest, such as `data.sha256`. */
  readonly path: string;
  readonly stored: string;
  readonly given: string;
}

/** The first difference between two identities, in the order of the manifest; undefined if there is none. */
export function firstDifference(stored: unknown, given: unknown, path = ''): Difference | undefined {
  if (!isObject(stored) || !isObject(given)) {
    if (Object.is(stored, given)) return undefined;
    return { path, stored: shown(stored), given: shown(given) };
  }
  for (const key of new Set([...Object.keys(given), ...Object.keys(stored)])) {
    if (informative.has(key)) continue;
    const below = Array.isArray(stored) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
    const found = firstDifference(stored[key], given[key], below);
    if (found) return found;
  }
  return undefined;
}

/**
 * Refuses a cache that was made for something else.
 *
 * @param given what it is used for; absent top-level keys are not compared
 * @throws InputError that names the first difference
 */
export function checkIdentity(directory: string, stored: CacheIdentity, given: Partial<CacheIdentity>): void {
  for (const key of ['teachers', 'data', 'views', 'contents', 'layout'] as const) {
    if (!(key in given)) continue;
    const found =
      key === 'views'
        ? firstDifference(withAllFields(stored.views), withAllFields(given.views!), key)
        : firstDifference(stored[key], given[key], key);
    if (!found) continue;
    const images =
      found.path === 'data.sha256'
        ? `: images or labels of the ${stored.data.split} split of ${stored.data.kind} have changed`
        : '';
    throw new InputError(
      `the cache in ${directory} was made with ${found.path} ${found.stored}, but here it is ${found.given}${images}.`,
      { fix: fixes[key] },
    );
  }
}

/** Adds the fields of the augmentation that do nothing, which may be absent. */
function withAllFields(views: CacheIdentity['views']): CacheIdentity['views'] {
  return {
    ...views,
    augmentation: { ...completeAugmentation(views.augmentation as unknown as Augmentation) },
  };
}

const fixes: Readonly<Record<keyof CacheIdentity, string>> = {
  teachers: 'name the teacher and the card that it was made with, or another directory',
  data: 'name the data that it was made with, or another directory',
  views: 'use the augmentation, the `viewSeed` and the `views` that it was made with, or another directory',
  contents: 'use the `features`, `attention`, `dtype` and `topK` that it was made with, or another directory',
  layout: 'use the `batchSize` that it was made with, or another directory',
};

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function shown(value: unknown): string {
  const text = value === undefined ? 'absent' : JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 97)}…` : text;
}
