import { tidy } from '@tensorflow/tfjs-core';
import type { Batches } from '../data/batches.js';
import type { Dataset } from '../data/dataset.js';
import { InputError } from '../errors.js';
import type { Network } from '../models/network.js';
import { checkWhole } from '../check-whole.js';
import { studentInput } from '../models/student-input.js';

/** The images for {@link reestimateBatchNorm}. */
export interface StatisticsImages {
  /** The training images, for their normalisation. */
  readonly dataset: Dataset;
  /** Batches of views as in training. */
  readonly batches: Batches;
  /** The epoch to begin with, which determines order and views; default 0. */
  readonly epoch?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Replaces the running statistics of every BatchNorm by averages over `count` training batches:
 *
 *   mean = Σᵢ μᵢ / count,  variance = Σᵢ σᵢ² / count
 *
 * μᵢ and σᵢ² (unbiased) are the statistics of batch i in training mode. Weights do not change. Running
 * statistics lag behind weights whose signs flip, and do not fit averaged weights at all; these fit the
 * network as it is. Source: `update_bn` of stochastic weight averaging (Izmailov et al. 2018).
 *
 * If an epoch has fewer batches, the next one follows. Use batches as large as in training, since statistics
 * of small ones are noisy.
 *
 * @param count a whole number of at least 1
 * @throws InputError for another count, or if there are no batches; the reason of the signal when it aborts,
 *   with the statistics of the batches so far
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
        // running ← (1 − 1/i)·running + 1/i·batch is the average of the first i batches.
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
