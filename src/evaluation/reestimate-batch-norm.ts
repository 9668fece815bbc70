import { tidy } from '@tensorflow/tfjs-core';
import type { Batches } from '../data/batches.js';
import type { Dataset } from '../data/dataset.js';
import { InputError } from '../errors.js';
import type { Network } from '../models/network.js';
import { checkWhole } from '../check-whole.js';
import { studentInput } from '../models/student-input.js';

/** The images from which {@link reestimateBatchNorm} takes statistics. */
export interface StatisticsImages {
  /** The training images, for their normalisation. */
  readonly dataset: Dataset;
  /** Batches of views as training sees them. */
  readonly batches: Batches;
  /** The epoch to begin with, which names the order and the views; default 0. */
  readonly epoch?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Replaces the running statistics of every BatchNorm by averages over `count` training batches: mean = Σᵢ μᵢ / count,
 * variance = Σᵢ σᵢ² / count, each batch with equal weight, μᵢ and σᵢ² (unbiased) its statistics in training mode. Weights
 * stay as they are. Running statistics lag behind weights that flip, and fit averaged weights not at all; these are those
 * of the network as it is (the `update_bn` of stochastic weight averaging, Izmailov et al. 2018).
 *
 * Where an epoch has fewer batches it goes on with the next one. Take batches as large as in training: statistics of
 * small ones are noisy.
 *
 * @param count a whole number of at least 1
 * @throws InputError for another count, or where there are no batches; the reason of the signal when it aborts, with the
 *   statistics of the batches so far
 */
export async function reestimateBatchNorm(
  student: Network,
  { dataset, batches, epoch = 0, signal }: StatisticsImages,
  count: number,
): Promise<void> {
  checkWhole('the batches for the statistics of BatchNorm', count, 1);
  if (batches.batchesPerEpoch === 0) {
    throw new InputError(
      'the statistics of BatchNorm cannot be estimated from 0 batches; expected at least 1.',
    );
  }
  const norms = student.store.batchNorms;
  const momenta = norms.map(({ momentum }) => momentum);
  let done = 0;
  try {
    for (let e = epoch; done < count; e++) {
      for await (const batch of batches.epoch(e)) {
        signal?.throwIfAborted();
        done++;
        // running ← (1 − 1/i)·running + 1/i·batch is the plain average of the first i batches.
        for (const norm of norms) norm.momentum = 1 / done;
        tidy(() => void student.apply(studentInput(batch, dataset), true));
        batches.recycle(batch);
        if (done === count) break;
      }
    }
  } finally {
    norms.forEach((norm, i) => (norm.momentum = momenta[i]));
  }
}
