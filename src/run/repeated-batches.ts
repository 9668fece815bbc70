import type { Batch } from '../data/batch.js';
import type { Batches } from '../data/batches.js';

/** The batches of the first epoch, `times` times in each epoch. They are kept in memory. */
export function repeatedBatches(batches: Batches, times: number): Batches {
  const batchesPerEpoch = batches.batchesPerEpoch * times;
  let kept: Batch[] | undefined;
  return {
    batchesPerEpoch,
    async *epoch(_, startBatch = 0) {
      if (!kept) {
        kept = [];
        for await (const batch of batches.epoch(0)) kept.push(batch);
      }
      for (let n = startBatch; n < batchesPerEpoch; n++) yield kept[n % kept.length];
    },
    recycle: () => undefined,
  };
}
