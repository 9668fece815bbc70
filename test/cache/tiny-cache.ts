import { CacheWriter, type PartOrigin } from '../../src/cache/cache-writer.js';
import { newIdentity, type CacheChoices } from '../../src/cache/new-identity.js';
import { orderedByIndex } from '../../src/cache/ordered-rows.js';
import type { CacheIdentity } from '../../src/cache/manifest.js';
import { writeCache } from '../../src/cache/write-cache.js';
import type { Augmentation } from '../../src/data/augmentation.js';
import type { Batch } from '../../src/data/batch.js';
import { makeBatch } from '../../src/data/batches.js';
import type { PixelDataset } from '../../src/data/dataset.js';
import { RandomStream } from '../../src/data/random.js';
import type { Tap, TargetSource, TeacherTargets } from '../../src/teacher/targets.js';
import type { TeacherFacts } from '../../src/teacher/teacher-facts.js';

const size = [8, 8] as const;
/** Crop 8 out of 10, and flip. */
export const tinyAugmentation: Augmentation = { crop: { padding: 1 }, flip: true };
const classes = ['a', 'b', 'c', 'd', 'e'];

/** Random images whose rows are not in the order of their indices. */
export function tinyDataset(length = 23, seed = 1): PixelDataset {
  const stream = new RandomStream({ seed, purpose: 1000 });
  const pixels = new Uint8Array(new SharedArrayBuffer(length * 192));
  return {
    kind: 'random',
    split: 'train',
    classes,
    size,
    length,
    indices: Uint32Array.from({ length }, (_, row) => 1000 + ((row * 7) % length) * 3),
    labels: Int32Array.from({ length }, () => stream.integer(classes.length)),
    pixels: pixels.map(() => stream.integer(256)),
    mean: [0.5, 0.5, 0.5],
    std: [0.25, 0.25, 0.25],
  };
}

export const tinyTaps: readonly Tap[] = [
  { name: 'level1', tensor: 'a', level: 1, shape: [4, 4, 6] },
  { name: 'level2', tensor: 'b', level: 2, shape: [2, 2, 9] },
];

/** The facts of a teacher with a made-up sha256. */
export function tinyFacts(taps: readonly Tap[] = tinyTaps, sha256 = 'a'.repeat(64)): TeacherFacts {
  return {
    classes,
    taps,
    size,
    resize: undefined,
    dataset: undefined,
    expectedTop1: undefined,
    cardPath: undefined,
    provider: 'cpu',
    providerMisses: [],
    models: [
      {
        file: 'tiny.onnx',
        sha256: [sha256],
        cardSha256: null,
        expectedTop1: null,
        preprocessing: {
          layout: 'nchw',
          size,
          color: 'rgb',
          scale: '1/255',
          mean: [0, 0, 0],
          std: [1, 1, 1],
        },
        logits: { tensor: 'y', probabilities: false },
      },
    ],
  };
}

/** A teacher that computes its answers from the images, and counts what it is asked for. */
export class TinyTeacher implements TargetSource {
  readonly classes = classes;
  /** `view/index` of each image that it saw. */
  readonly seen: string[] = [];

  constructor(readonly taps: readonly Tap[] = tinyTaps) {}

  targets(batch: Batch): Promise<TeacherTargets> {
    return Promise.resolve(this.#answer(batch));
  }

  #answer({ size: count, images, indices, view }: Batch): TeacherTargets {
    this.seen.push(...Array.from(indices, (index) => `${view}/${index}`));
    const length = images.length / count;
    const values = (n: number, each: number, salt: number): Float32Array =>
      Float32Array.from({ length: each }, (_, i) => {
        const at = n * length;
        return images[at + ((i * 13 + salt) % length)] * 7 - images[at + ((i * 5 + 3) % length)] * 4;
      });
    const all = (each: number, salt: number, map = (x: Float32Array) => x): Float32Array => {
      const into = new Float32Array(count * each);
      for (let n = 0; n < count; n++) into.set(map(values(n, each, salt)), n * each);
      return into;
    };
    const unit = (x: Float32Array): Float32Array => {
      const norm = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length);
      return norm === 0 ? x : x.map((value) => value / norm);
    };
    return {
      logits: all(classes.length, 1),
      features: new Map(
        this.taps.map(({ name, level, shape }) => [name, all(shape[0] * shape[1] * shape[2], level, unit)]),
      ),
    };
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }
}

export const tinyOrigin: PartOrigin = { provider: 'cpu', versions: { 'bnn-distill': '0' } };

/** What a tiny cache is made with: two views, record batches of 5 rows, two of them in a file. */
export interface TinyOptions extends Partial<CacheChoices> {
  readonly dataset?: PixelDataset;
  readonly taps?: readonly Tap[];
  readonly facts?: TeacherFacts;
}

export function tinyIdentity({
  dataset = tinyDataset(),
  taps,
  facts,
  ...choices
}: TinyOptions = {}): Promise<CacheIdentity> {
  return newIdentity(facts ?? tinyFacts(taps), orderedByIndex(dataset), {
    dtype: 'float16',
    topK: undefined,
    maps: 'features',
    augmentation: tinyAugmentation,
    viewSeed: 0,
    views: 2,
    batchSize: 5,
    partBytes: 5000,
    ...choices,
  });
}

/** Makes a tiny cache, or completes it; gives the teacher that was asked. */
export async function writeTinyCache(
  directory: string,
  options: TinyOptions & { readonly signal?: AbortSignal; readonly onBatch?: (done: number) => void } = {},
): Promise<TinyTeacher> {
  const { dataset = tinyDataset(), onBatch, signal } = options;
  const ordered = orderedByIndex(dataset);
  const teacher = new TinyTeacher(options.taps);
  const writer = await CacheWriter.open(directory, await tinyIdentity(options), ordered, tinyOrigin);
  try {
    const { parts } = writer.format;
    for await (const { done } of writeCache({ writer, dataset: ordered, teacher, parts, signal }))
      onBatch?.(done);
  } finally {
    await writer.close();
  }
  return teacher;
}

/** A batch of views of the images with these rows. */
export function tinyBatch(rows: readonly number[], view: number, dataset = tinyDataset()): Batch {
  return makeBatch(dataset, rows, view, 0, tinyAugmentation);
}
