import { statfs } from 'node:fs/promises';
import { batchesOf } from '../data/batches.js';
import type { Batch } from '../data/batch.js';
import type { Dataset } from '../data/dataset.js';
import { InputError } from '../errors.js';
import type { TargetSource, TeacherTargets } from '../teacher/targets.js';
import type { PartPlan } from './cache-format.js';
import type { CacheWriter } from './cache-writer.js';
import { encodeRows } from './row-codec.js';
import { bodyLayout } from './part-layout.js';

/** Batches that are requested from the teacher before the first of them is written. */
const requestedAhead = 3;

/** The progress of writing a cache. */
export interface WriteProgress {
  /** Views that are written, including those of an earlier run, and their final number. */
  readonly done: number;
  readonly total: number;
  /** Views that were computed in this run. */
  readonly computed: number;
}

/** What is written, and where it comes from. */
export interface WriteParts {
  readonly writer: CacheWriter;
  /** Rows in order of their original indices. */
  readonly dataset: Dataset;
  readonly teacher: TargetSource;
  /** The parts to write, in order. */
  readonly parts: readonly PartPlan[];
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes parts of a cache. One thread prepares images, the teacher may run in another, and this one encodes,
 * writes and hashes. Each is at most a few batches ahead of the next. Rows that are already written are not
 * computed again.
 *
 * @returns progress, after each record batch
 */
export async function* writeCache({
  writer,
  dataset,
  teacher,
  parts,
  signal,
}: WriteParts): AsyncGenerator<WriteProgress, void> {
  const { format } = writer;
  const total = parts.reduce((sum, { rows }) => sum + rows, 0);
  let done = 0;
  let computed = 0;
  const queue: { work: BatchWork; targets: Promise<TeacherTargets> }[] = [];
  const bodies = new Map<number, Uint8Array>();
  const finishOldest = async (): Promise<void> => {
    const { work, targets } = queue.shift()!;
    const { part, number, batch, release } = work;
    const layout = bodyLayout(format.columns, batch.size);
    const body = bodies.get(batch.size) ?? new Uint8Array(layout.bytes);
    bodies.set(batch.size, body);
    const answer = await targets;
    encodeRows(format, batch, answer, body, layout);
    teacher.recycle?.(answer);
    await part.writeBatch(number, body);
    release();
    done += batch.size;
    computed += batch.size;
    if (part.isFull) await writer.finish(part);
  };
  try {
    for await (const work of missingBatches(writer, dataset, parts, signal, (rows) => (done += rows))) {
      signal?.throwIfAborted();
      const targets = teacher.targets(work.batch);
      // Awaited later; this avoids an unhandled rejection until then.
      targets.catch(() => undefined);
      queue.push({ work, targets });
      if (queue.length < requestedAhead) continue;
      await finishOldest();
      yield { done, total, computed };
    }
    while (queue.length > 0) {
      signal?.throwIfAborted();
      await finishOldest();
      yield { done, total, computed };
    }
    await writer.flush();
  } finally {
    await Promise.allSettled(queue.map(({ targets }) => targets));
  }
}

interface BatchWork {
  readonly part: Awaited<ReturnType<CacheWriter['part']>>;
  /** The index of the record batch in the part. */
  readonly number: number;
  readonly batch: Batch;
  /** Gives the memory of the batch back. */
  readonly release: () => void;
}

/** The batches with missing rows, in order. `onPresent` is called with the rows of the others. */
async function* missingBatches(
  writer: CacheWriter,
  dataset: Dataset,
  parts: readonly PartPlan[],
  signal: AbortSignal | undefined,
  onPresent: (rows: number) => void,
): AsyncGenerator<BatchWork> {
  const { format } = writer;
  const batches = batchesOf(dataset, {
    batchSize: format.rowsPerBatch,
    seed: 0,
    viewSeed: format.identity.views.viewSeed,
    views: format.identity.views.count,
    augmentation: format.augmentation,
    shuffle: false,
    dropLast: false,
    ...(signal ? { signal } : {}),
  });
  let source: { view: number; next: number; iterator: AsyncIterableIterator<Batch> } | undefined;
  try {
    for (const plan of parts) {
      if (writer.isComplete(plan)) {
        onPresent(plan.rows);
        continue;
      }
      const part = await writer.part(plan);
      if (part.isFull) await writer.finish(part);
      const first = plan.firstRow / format.rowsPerBatch;
      for (let number = 0; number * format.rowsPerBatch < plan.rows; number++) {
        if (part.hasBatch(number)) {
          onPresent(part.rowsOfBatch(number));
          continue;
        }
        // The thread that prepares images continues unless a batch is skipped.
        if (source?.view !== plan.view || source.next !== first + number) {
          await source?.iterator.return?.();
          const iterator = batches.epoch(plan.view, first + number);
          source = { view: plan.view, next: first + number, iterator };
        }
        const { value } = (await source.iterator.next()) as { value: Batch };
        source.next++;
        yield { part, number, batch: value, release: () => batches.recycle(value) };
      }
    }
  } finally {
    await source?.iterator.return?.();
  }
}

/**
 * Checks that the disk has enough free space.
 *
 * @throws InputError with the needed and the free space
 */
export async function checkFreeSpace(directory: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const free = bavail * bsize;
  if (bytes <= free) return;
  throw new InputError(
    `the cache needs ${inGigabytes(bytes)} more in ${directory}, and ${inGigabytes(free)} are free.`,
    {
      fix: 'free some space or choose another `out`; fewer `views`, `attention: true`, `features: none` and `topK` make it smaller',
    },
  );
}

function inGigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(bytes < 1e8 ? 3 : 1)} GB`;
}
