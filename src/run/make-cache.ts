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

/** Everything that determines a cache. */
export interface CacheSettings {
  /** An ONNX model or a teacher card, or several with commas between them. */
  readonly teacher: string;
  readonly mean: readonly number[] | undefined;
  readonly std: readonly number[] | undefined;
  /** `<kind>:<folder>`; its training split is cached. */
  readonly data: string;
  /** Leave out image files that cannot be decoded, instead of failing; default false. */
  readonly skipCorrupt?: boolean;
  readonly views: number;
  /** The directory of the cache. */
  readonly out: string;
  /** The taps to store: all, none, or some by name. */
  readonly features: 'all' | 'none' | readonly string[];
  /** Store the taps as attention maps of one channel. */
  readonly attention: boolean;
  readonly dtype: CacheContents['dtype'];
  /** How many of the largest probabilities to store; undefined for all logits. */
  readonly topK: number | undefined;
  /** The i-th of n parts of the work, from 1. */
  readonly shard: readonly [i: number, n: number];
  readonly viewSeed: number;
  /** By default the one that a run has for the data. */
  readonly augmentation?: Augmentation;
  readonly batchSize: number;
  readonly threads: number;
  /** The provider that runs the teacher; default `cpu`. */
  readonly provider?: ProviderName;
}

/** The default settings of a cache. */
export const defaultCacheSettings = {
  views: 16,
  features: 'all',
  attention: false,
  dtype: 'float16',
  shard: [1, 1],
  viewSeed: 0,
  batchSize: 256,
} as const;

/** An event while a cache is made. */
export type CacheEvent =
  | { readonly kind: 'skipped'; readonly message: string }
  /** Image files are read for their digest; only if that takes long. */
  | { readonly kind: 'hashing'; readonly done: number; readonly total: number }
  | {
      readonly kind: 'started';
      readonly directory: string;
      readonly images: number;
      readonly views: number;
      /** Names and types of the columns, in order. */
      readonly columns: readonly { name: string; type: string }[];
      /** The approximate size of the whole cache. */
      readonly bytes: number;
      /** The approximate size of this shard. */
      readonly shardBytes: number;
    }
  | {
      readonly kind: 'progress';
      /** Rows (views of images) that are written. */
      readonly done: number;
      /** All rows of this shard. */
      readonly total: number;
      /** Rows that were computed in this run. */
      readonly computed: number;
      readonly imagesPerSecond: number;
    };

/** The result of making a cache. */
export interface CacheSummary {
  readonly directory: string;
  readonly files: number;
  readonly bytes: number;
  /** Rows that were computed in this run. */
  readonly computed: number;
  readonly seconds: number;
}

/**
 * Makes a cache of a teacher's answers, or continues one that was interrupted.
 *
 * @throws InputError for settings, files or data that are wrong, a directory with another cache or another
 *   writer, or a disk with too little space; RunError when the work fails
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

/** The parts of the i-th of n shards, which are consecutive. */
function partsOfShard(parts: readonly PartPlan[], [i, n]: readonly [number, number]): readonly PartPlan[] {
  if (n > parts.length)
    throw new InputError(
      `\`shard: ${i}/${n}\` cuts the cache into ${n}, but it has only ${parts.length} files, which stay whole.`,
      { fix: `use at most ${parts.length} shards` },
    );
  return parts.slice(Math.floor((parts.length * (i - 1)) / n), Math.floor((parts.length * i) / n));
}

/** The provider and the versions with which a cache is computed. */
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
