import type { Dataset } from '../../src/data/dataset.js';
import { lossSettings } from '../../src/losses/loss-settings.js';
import type { Network } from '../../src/models/network.js';
import type { Optimizer } from '../../src/optim/optimizer.js';
import { Adam } from '../../src/optim/optimizers/adam.js';
import { Connectors } from '../../src/training/level-pairs.js';
import { constantSchedule } from '../../src/optim/schedules/constant.js';
import { Trainer } from '../../src/training/trainer.js';

/** The learning rate of the benches. */
export const benchLr = 1e-3;

/**
 * A trainer whose steps a bench takes one by one, with batches and targets of its own and no feature maps.
 *
 * @param losses flags of the terms that are not at their default
 */
export function ownTrainer(
  student: Network,
  dataset: Dataset,
  losses: readonly string[],
  optimizer: Optimizer = new Adam(),
): Trainer {
  return new Trainer({
    student,
    dataset,
    batches: {
      batchesPerEpoch: 0,
      epoch: () => {
        throw new Error('the bench makes its own batches');
      },
      recycle: () => undefined,
    },
    teacher: undefined,
    losses: lossSettings(losses),
    pairs: [],
    connectors: new Connectors([], 0),
    optimizer,
    schedule: constantSchedule({ lr: benchLr }),
  });
}
