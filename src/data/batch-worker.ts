/**
 * The thread that prepares the batches of one epoch. It answers one request at a time, in order. How far it
 * works ahead is decided by whoever sends the requests.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { InputError } from '../errors.js';
import type { Augmentation } from './augmentation.js';
import type { Batch } from './batch.js';
import type { ImagesInFiles } from './file-batch.js';
import { viewBatch, type Images } from './make-batch.js';
import { permutation } from './random.js';

/** The data with which the thread starts. */
export interface BatchWorkerData {
  /** Pixels and the paths of files are in shared memory. */
  stored: Images | ImagesInFiles;
  batchSize: number;
  /** The seed and the epoch that determine the order; null for the order of the rows. */
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

/** The answer: the batch, or why it cannot be made. */
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
