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

/** How a data set is divided into batches. */
export interface BatchOptions {
  /** Images in a batch, at least 1. */
  batchSize: number;
  /** Determines the order of the images in each epoch: an integer in [0, 2^53). */
  seed: number;
  /** Determines the augmentation of each view: an integer in [0, 2^53). */
  viewSeed: number;
  /** The number of views of each image: epoch e shows view e mod views. */
  views: number;
  augmentation: Augmentation;
  /** Draw a new order for each epoch (default), or keep the order of the rows. */
  shuffle?: boolean;
  /** Leave out the last batch if it is incomplete. Default true. */
  dropLast?: boolean;
  /** The most batches that are prepared in advance, at least 1. Default 4. */
  ahead?: number;
  /** Ends all running epochs: their iterators throw its reason. */
  signal?: AbortSignal;
}

/** The batches of a data set, epoch after epoch. */
export interface Batches {
  readonly batchesPerEpoch: number;
  /**
   * The batches of an epoch, from number `startBatch` on. A separate thread prepares them while earlier ones
   * are in use. They equal those of `viewBatch`, and a late start gives the same batches that a start at 0
   * would reach.
   *
   * A batch belongs to whoever takes it and may be kept. The thread ends with the iterator, even if it is
   * left early.
   *
   * @throws InputError if `epoch` or `startBatch` is out of range; from the iterator, if an image cannot be
   *   decoded
   * @throws RunError (from the iterator) if the thread fails
   */
  epoch(epoch: number, startBatch?: number): AsyncIterableIterator<Batch>;
  /**
   * Gives a batch back so that a later one can use its memory; then an epoch allocates no more images.
   * Optional. The arrays of the batch must not be used afterwards.
   */
  recycle(batch: Batch): void;
}

/**
 * Divides a data set into batches.
 *
 * @throws InputError if an option is out of range, or the only batch is incomplete and incomplete ones are
 *   left out
 */
export function batchesOf(dataset: Dataset, options: BatchOptions): Batches {
  const { batchSize, seed, viewSeed, views, augmentation, signal } = options;
  const { shuffle = true, dropLast = true, ahead = 4 } = options;
  checkBatchSize(batchSize);
  checkInteger('the seed', seed, 0);
  checkInteger('the view seed', viewSeed, 0);
  checkInteger('the number of views', views, 1);
  checkInteger('the number of batches ahead', ahead, 1);
  // Refused here rather than by the thread, so that the error comes at once.
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

/** The built worker, even when this file runs from its source: threads cannot run TypeScript. */
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
