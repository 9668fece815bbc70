import { setImmediate } from 'node:timers/promises';
import { noAugmentation } from './augmentation.js';
import type { Batch } from './batch.js';
import { batchesOf, type BatchOptions, checkBatchSize } from './batches.js';
import type { Dataset, PixelDataset } from './dataset.js';
import { makeBatch } from './make-batch.js';

/** The images of a data set, each once and without augmentation. */
export interface EvaluationBatches extends AsyncIterable<Batch> {
  /** Gives a batch back so that the next one can use its memory. */
  recycle(batch: Batch): void;
}

/**
 * The images in their order without augmentation, including an incomplete last batch. Images in files are
 * decoded in a thread. Images in memory need none, since copying a batch takes little time compared with
 * evaluating it.
 *
 * @throws InputError if the batch size is out of range; from the iterator, if an image cannot be decoded
 */
export function evaluationBatches(
  dataset: Dataset,
  options: Pick<BatchOptions, 'batchSize' | 'ahead' | 'signal'>,
): EvaluationBatches {
  if ('pixels' in dataset) return batchesInMemory(dataset, options);
  const batches = batchesOf(dataset, {
    ...options,
    seed: 0,
    viewSeed: 0,
    views: 1,
    augmentation: noAugmentation,
    shuffle: false,
    dropLast: false,
  });
  return {
    [Symbol.asyncIterator]: () => batches.epoch(0),
    recycle: (batch) => {
      batches.recycle(batch);
    },
  };
}

function batchesInMemory(
  dataset: PixelDataset,
  { batchSize, signal }: Pick<BatchOptions, 'batchSize' | 'signal'>,
): EvaluationBatches {
  checkBatchSize(batchSize);
  let images: Float32Array | undefined;
  return {
    async *[Symbol.asyncIterator]() {
      for (let first = 0; first < dataset.length; first += batchSize) {
        // Lets timers and signals of the process run between two batches.
        await setImmediate();
        signal?.throwIfAborted();
        const size = Math.min(batchSize, dataset.length - first);
        const rows = Array.from({ length: size }, (_, n) => first + n);
        const again = size === batchSize ? images : undefined;
        images = undefined;
        yield makeBatch(dataset, rows, 0, 0, noAugmentation, again);
      }
    },
    recycle: (batch) => {
      if (batch.size === batchSize) ({ images } = batch);
    },
  };
}
