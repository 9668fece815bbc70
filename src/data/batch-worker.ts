/**
 * The thread that prepares the batches of one epoch. It is asked for one batch at a time and answers in order; how far it
 * works ahead is the affair of the side that asks.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { InputError } from '../errors.js';
import type { Augmentation } from './augmentation.js';
import type { Batch } from './batch.js';
import type { ImagesInFiles } from './file-batch.js';
import { viewBatch, type Images } from './make-batch.js';
import { permutation } from './random.js';

/** What the thread is started with. */
export interface BatchWorkerData {
  /** Pixels lie in shared memory, and so do the paths of files. */
  stored: Images | ImagesInFiles;
  batchSize: number;
  /** The seed and the number of the epoch, which give the order; null: the order of the rows. */
  shuffle: { seed: number; epoch: number } | null;
  view: number;
  viewSeed: number;
  augmentation: Augmentation;
}

/** Asks for a batch; `images` is memory to reuse. */
export interface BatchRequest {
  number: number;
  images: ArrayBuffer | undefined;
}

/** The answer: the batch, or why the data do not allow it. */
export type BatchAnswer = { batch: Batch } | { refused: { message: string; fix: string | undefined } };

if (parentPort !== null) {
  const port = parentPort;
  const { stored, batchSize, shuffle, view, viewSeed, augmentation } = workerData as BatchWorkerData;
  const length = stored.labels.length;
  const order =
    shuffle === null
      ? Uint32Array.from({ length }, (_, row) => row)
      : permutation(shuffle.seed, shuffle.epoch, length);
  const answer = async ({ number, images }: BatchRequest): Promise<void> => {
    const rows = order.subarray(number * batchSize, (number + 1) * batchSize);
    const target = images === undefined ? undefined : new Float32Array(images);
    try {
      const batch = await viewBatch(stored, rows, view, viewSeed, augmentation, target);
      port.postMessage({ batch } satisfies BatchAnswer, [
        batch.images.buffer as ArrayBuffer,
        batch.labels.buffer as ArrayBuffer,
        batch.indices.buffer as ArrayBuffer,
        ...(batch.windows ? [batch.windows.buffer as ArrayBuffer] : []),
      ]);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      port.postMessage({ refused: { message: error.message, fix: error.fix } } satisfies BatchAnswer);
    }
  };
  // One after the other, so that answers come in the order of the requests.
  let last = Promise.resolve();
  port.on('message', (request: BatchRequest) => {
    last = last.then(() => answer(request));
  });
}
