import { ownVersion } from '../backends/package-version.js';
import type { PartPlan } from '../cache/cache-format.js';
import { CacheWriter, type PartOrigin } from '../cache/cache-writer.js';
import type { CacheContents } from '../cache/columns.js';
import { newIdentity } from '../cache/new-identity.js';
import { orderedByIndex } from '../cache/ordered-rows.js';
import { checkFreeSpace, writeCache } from '../cache/write-cache.js';
import { type Augmentation, checkAugmentation, trainingAugmentation } from '../data/augmentation.js';
import { loadDataset } from '../data/data-spec.js';
import { InputError } from '../errors.js';
import type { ProviderName } from '../teacher/providers.js';
import { TeacherThread } from '../teacher/teacher-thread.js';
import { checkWhole } from '../check-whole.js';
import { hashing } from './progress-events.js';
import { asTaken, checkAccuracy } from '../evaluation/teacher-check.js';

/** Everything that decides a cache. */
export interface CacheSettings {
  /** Path of an ONNX model or a teacher card, or several with commas between them. */
  readonly teacher: string;
  readonly mean: readonly number[] | undefined;
  readonly std: readonly number[] | undefined;
  /** `<kind>:<folder>`; its training split is cached. */
  readonly data: string;
  /** Leave out images in files that cannot be decoded, instead of ending; default false. */
  readonly skipCorrupt?: boolean;
  readonly views: number;
  /** The directory of the cache. */
  readonly out: string;
  /** The taps to keep: all, none, or some by name. */
  readonly features: 'all' | 'none' | readonly string[];
  /** Keep the taps as attention maps of one channel. */
  readonly attention: boolean;
  readonly dtype: CacheContents['dtype'];
  /** How many of the largest probabilities to keep; undefined: all logits. */
  readonly topK: number | undefined;
  /** The i-th of n parts of the work, from 1. */
  readonly shard: readonly [i: number, n: number];
  readonly viewSeed: number;
  /** Default: the one that is usual for the data, as a run has it. */
  readonly augmentation?: Augmentation;
  readonly batchSize: number;
  readonly threads: number;
  /** Where the teacher runs; default `cpu`. */
  readonly provider?: ProviderName;
}

/** The settings that a cache has unless it says otherwise. */
export const defaultCacheSettings = {
  views: 16,
  features: 'all',
  attention: false,
  dtype: 'float16',
  shard: [1, 1],
  viewSeed: 0,
  batchSize: 256,
} as const;

/** What the making of a cache tells while it goes on. */
export type CacheEvent =
  | { readonly kind: 'skipped'; readonly message: string }
  /** Files of images are read for their digest, where that takes long. */
  | { readonly kind: 'hashing'; readonly done: number; readonly total: number }
  | {
      readonly kind: 'started';
      readonly directory: string;
      readonly images: number;
      readonly views: number;
      /** Of the columns, in order. */
      readonly columns: readonly { name: string; type: string }[];
      /** Of the whole cache and of this shard, about. */
      readonly bytes: number;
      readonly shardBytes: number;
    }
  | {
      readonly kind: 'progress';
      /** Views of images that are there, and all of this shard. */
      readonly done: number;
      readonly total: number;
      /** Of these, computed in this run. */
      readonly computed: number;
      readonly imagesPerSecond: number;
    };

/** The end of it. */
export interface CacheSummary {
  readonly directory: string;
  readonly files: number;
  readonly bytes: number;
  /** Views of images that were computed in this run, and the time. */
  readonly computed: number;
  readonly seconds: number;
}

/**
 * Makes a cache of a teacher's answers, or continues one that was interrupted.
 *
 * @throws InputError for settings, files or data that are wrong, a directory that holds another cache or in which another
 *   process writes, or a disk with too little space; RunError when the work fails
 */
export async function* makeCache(
  settings: CacheSettings,
  { signal }: { signal?: AbortSignal } = {},
): AsyncGenerator<CacheEvent, CacheSummary> {
  checkCacheSettings(settings);
  const skipped: string[] = [];
  const reading = {
    skipCorrupt: settings.skipCorrupt ?? false,
    onSkipped: (message: string) => void skipped.push(message),
  };
  const [training, validation] = await Promise.all([
    loadDataset(settings.data, 'train', reading),
    loadDataset(settings.data, 'validation', reading),
  ]);
  for (const message of skipped) yield { kind: 'skipped', message };
  const teacher = await TeacherThread.open(settings.teacher, {
    taps: settings.features,
    threads: settings.threads,
    provider: settings.provider ?? 'cpu',
    classes: training.classes,
    ...(settings.mean ? { mean: settings.mean } : {}),
    ...(settings.std ? { std: settings.std } : {}),
  });
  let writer: CacheWriter | undefined;
  try {
    for (const message of teacher.facts.providerMisses) yield { kind: 'skipped', message };
    const dataset = orderedByIndex(asTaken(training, teacher.facts));
    const augmentation = settings.augmentation ?? trainingAugmentation(dataset);
    checkAugmentation(augmentation, dataset);
    const choices = {
      dtype: settings.dtype,
      topK: settings.topK,
      maps: settings.attention ? 'attention' : 'features',
      augmentation,
      viewSeed: settings.viewSeed,
      views: settings.views,
      batchSize: settings.batchSize,
    } as const;
    const identity = yield* hashing((onHashed) => newIdentity(teacher.facts, dataset, choices, onHashed));
    const { provider } = teacher.facts;
    writer = await CacheWriter.open(settings.out, identity, dataset, await originOf(provider));
    const { format } = writer;
    const parts = partsOfShard(format.parts, settings.shard);
    const shardBytes = bytesOf(parts, (rows) => format.bytesOf(rows));
    await checkFreeSpace(settings.out, shardBytes - (await writer.bytesPresent()));
    await checkAccuracy(teacher, teacher.facts, asTaken(validation, teacher.facts));
    yield {
      kind: 'started',
      directory: settings.out,
      images: dataset.length,
      views: settings.views,
      columns: format.columns.map(({ name, type, list }) => ({
        name,
        type: list === null ? type : `${type}[${list}]`,
      })),
      bytes: format.bytes,
      shardBytes,
    };
    const began = performance.now();
    let computed = 0;
    for await (const progress of writeCache({ writer, dataset, teacher, parts, signal })) {
      computed = progress.computed;
      const seconds = (performance.now() - began) / 1000;
      yield { kind: 'progress', ...progress, imagesPerSecond: computed / seconds };
    }
    const files = writer.files.filter(({ name }) => parts.some((part) => part.name === name));
    return {
      directory: settings.out,
      files: files.length,
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      computed,
      seconds: (performance.now() - began) / 1000,
    };
  } finally {
    await writer?.close();
    await teacher.dispose();
  }
}

function bytesOf(parts: readonly PartPlan[], bytesOfRows: (rows: number) => number): number {
  return parts.reduce((sum, { rows }) => sum + bytesOfRows(rows), 0);
}

/** @throws InputError that names the first wrong value */
export function checkCacheSettings({ views, batchSize, viewSeed, threads, shard }: CacheSettings): void {
  const wholes: readonly [field: string, value: number, least: number][] = [
    ['views', views, 1],
    ['batchSize', batchSize, 1],
    ['viewSeed', viewSeed, 0],
    ['threads', threads, 1],
  ];
  for (const [field, value, least] of wholes) checkWhole(`\`${field}\``, value, least);
  const [i, n] = shard;
  if (Number.isInteger(i) && Number.isInteger(n) && i >= 1 && i <= n) return;
  throw new InputError(`\`shard\` must be two whole numbers i and n with 1 ≤ i ≤ n, got ${i} and ${n}.`);
}

/** The i-th of n runs of consecutive parts. */
function partsOfShard(parts: readonly PartPlan[], [i, n]: readonly [number, number]): readonly PartPlan[] {
  if (n > parts.length)
    throw new InputError(
      `\`shard: ${i}/${n}\` cuts the cache into ${n}, but it has only ${parts.length} files, which stay whole.`,
      { fix: `use at most ${parts.length} shards` },
    );
  return parts.slice(Math.floor((parts.length * (i - 1)) / n), Math.floor((parts.length * i) / n));
}

/** Where and with what a cache is computed. */
export async function originOf(provider: string): Promise<PartOrigin> {
  const { env } = await import('onnxruntime-node');
  return {
    provider,
    versions: {
      'bnn-distill': ownVersion(),
      node: process.versions.node,
      'onnxruntime-node': env.versions.node ?? 'unknown',
    },
  };
}
