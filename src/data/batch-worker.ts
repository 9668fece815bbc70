/**
 * The thread that prepares the batches of one epoch. It is asked for one batch at a time and answers in order; how far it
 * works ahead is the affair of the side that asks.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { Augmentation } from './augmentation.js';
import { makeBatch, type Pictures } from './make-batch.js';
import { permutation } from './random.js';

/** What the thread is started with. */
export interface BatchWorkerData {
  /** Its pixels lie in shared memory. */
  pictures: Pictures;
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

if (parentPort !== null) {
  const port = parentPort;
  const { pictures, batchSize, shuffle, view, viewSeed, augmentation } = workerData as BatchWorkerData;
  const length = pictures.labels.length;
  const order =
    shuffle === null
      ? Uint32Array.from({ length }, (_, row) => row)
      : permutation(shuffle.seed, shuffle.epoch, length);
  port.on('message', ({ number, images }: BatchRequest) => {
    const rows = order.subarray(number * batchSize, (number + 1) * batchSize);
    const target = images === undefined ? undefined : new Float32Array(images);
    const batch = makeBatch(pictures, rows, view, viewSeed, augmentation, target);
    port.postMessage(batch, [
      batch.images.buffer as ArrayBuffer,
      batch.labels.buffer as ArrayBuffer,
      batch.indices.buffer as ArrayBuffer,
    ]);
  });
}
