import { existsSync } from 'node:fs';
import { InputError, RunError } from '../errors.js';
import { checkAugmentation, type Augmentation } from './augmentation.js';
import type { BatchAnswer, BatchRequest, BatchWorkerData } from './batch-worker.js';
import type { Batch } from './batch.js';
import type { Dataset } from './dataset.js';
import type { ImagesInFiles } from './file-batch.js';
import type { Images } from './make-batch.js';
import { workerAnswers } from './worker-answers.js';

export { makeBatch, viewBatch } from './make-batch.js';

/** How a data set is cut into batches. */
export interface BatchOptions {
  /** Images in a batch, at least 1. */
  batchSize: number;
  /** Keys the order of the images in each epoch: an integer in [0, 2^53). */
  seed: number;
  /** Keys the augmentation of each view: an integer in [0, 2^53). */
  viewSeed: number;
  /** The number of views of each image: epoch e shows view e mod views. */
  views: number;
  augmentation: Augmentation;
  /** Draw a new order for each epoch. Default true; otherwise the order of the rows. */
  shuffle?: boolean;
  /** Leave out the last batch if it is incomplete. Default true. */
  dropLast?: boolean;
  /** The most batches prepared before they are asked for, at least 1. Default 4. */
  ahead?: number;
  /** Ends all epochs under way: their iterators throw its reason. */
  signal?: AbortSignal;
}

/** The batches of a data set, epoch after epoch. */
export interface Batches {
  readonly batchesPerEpoch: number;
  /**
   * The batches of an epoch from number `startBatch` on, prepared in a thread of their own while the one before is in use.
   * They equal the batches of `viewBatch`, and starting late gives the very batches that a start at 0 would reach.
   *
   * A batch belongs to whoever takes it and may be kept. The thread ends with the iterator, also when it is left early.
   *
   * @throws InputError if `epoch` or `startBatch` is out of range; from the iterator, if an image cannot be decoded
   * @throws RunError (from the iterator) if the thread fails
   */
  epoch(epoch: number, startBatch?: number): AsyncIterableIterator<Batch>;
  /**
   * Gives a batch back, so that its memory serves a later one and a steady epoch allocates no images. Optional; after it
   * the arrays of the batch must not be used: they are emptied when their memory is taken.
   */
  recycle(batch: Batch): void;
}

/**
 * Cuts a data set into batches.
 *
 * @throws InputError if an option is out of range, or no batch is left because the only one is incomplete
 */
export function batchesOf(dataset: Dataset, options: BatchOptions): Batches {
  const { batchSize, seed, viewSeed, views, augmentation, signal } = options;
  const { shuffle = true, dropLast = true, ahead = 4 } = options;
  checkBatchSize(batchSize);
  checkInteger('the seed', seed, 0);
  checkInteger('the view seed', viewSeed, 0);
  checkInteger('the number of views', views, 1);
  checkInteger('the number of batches ahead', ahead, 1);
  // An augmentation that does not fit shall be told here and not from the thread.
  checkAugmentation(augmentation, dataset);
  const batchesPerEpoch = (dropLast ? Math.floor : Math.ceil)(dataset.length / batchSize);
  if (batchesPerEpoch === 0 && dataset.length > 0) {
    throw new InputError(
      `the batch size is ${batchSize}, but the ${dataset.split} split has only ${dataset.length} images and incomplete batches are left out`,
      { fix: `use a batch size of at most ${dataset.length}` },
    );
  }
  const stored = forThread(dataset);
  const bytesOfBatch = batchSize * dataset.size[0] * dataset.size[1] * 3 * Float32Array.BYTES_PER_ELEMENT;
  const recycled: ArrayBuffer[] = [];

  const requestOf = (number: number): BatchRequest => {
    const isWhole = (number + 1) * batchSize <= dataset.length;
    return { number, images: isWhole ? recycled.pop() : undefined };
  };

  return {
    batchesPerEpoch,
    epoch(epoch, startBatch = 0) {
      checkInteger('the epoch', epoch, 0);
      checkInteger('the batch to start from', startBatch, 0, batchesPerEpoch);
      const workerData: BatchWorkerData = {
        stored,
        batchSize,
        shuffle: shuffle ? { seed, epoch } : null,
        view: epoch % views,
        viewSeed,
        augmentation,
      };
      return batchesFrom(
        workerAnswers<BatchAnswer>({
          entry: workerEntry(),
          workerData,
          count: batchesPerEpoch - startBatch,
          ahead,
          signal,
          request: (n) => {
            const message = requestOf(startBatch + n);
            return { message, transfer: message.images === undefined ? [] : [message.images] };
          },
        }),
      );
    },
    recycle({ images }) {
      const { buffer } = images;
      if (!(buffer instanceof ArrayBuffer) || buffer.byteLength !== bytesOfBatch) return;
      if (recycled.length < ahead && !recycled.includes(buffer)) recycled.push(buffer);
    },
  };
}

async function* batchesFrom(answers: AsyncIterable<BatchAnswer>): AsyncGenerator<Batch, void, undefined> {
  for await (const answer of answers) {
    if ('batch' in answer) {
      yield answer.batch;
      continue;
    }
    const { message, fix } = answer.refused;
    throw new InputError(message, fix === undefined ? {} : { fix });
  }
}

/** The built worker, also when this file runs from its source: threads take no TypeScript. */
function workerEntry(): URL {
  const isSource = import.meta.url.endsWith('.ts');
  const entry = new URL(isSource ? '../../dist/data/batch-worker.js' : './batch-worker.js', import.meta.url);
  if (existsSync(entry)) return entry;
  throw new RunError(`the thread that prepares batches was not built: ${entry.pathname} is missing`, {
    fix: 'npm run build',
  });
}

function forThread(dataset: Dataset): Images | ImagesInFiles {
  const { size, indices, labels } = dataset;
  if (!('pixels' in dataset)) return { size, indices, labels, files: dataset.files, resize: dataset.resize };
  const { pixels } = dataset;
  if (pixels.buffer instanceof SharedArrayBuffer) return { size, indices, labels, pixels };
  const shared = new Uint8Array(new SharedArrayBuffer(pixels.length));
  shared.set(pixels);
  return { size, indices, labels, pixels: shared };
}

/** @throws InputError unless it is a whole number of at least 1 */
export function checkBatchSize(batchSize: number): void {
  checkInteger('the batch size', batchSize, 1);
}

function checkInteger(what: string, value: number, low: number, high = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && value >= low && value <= high) return;
  const range = high === Number.MAX_SAFE_INTEGER ? `of at least ${low}` : `from ${low} to ${high}`;
  throw new InputError(`${what} must be an integer ${range}, got ${value}`);
}
