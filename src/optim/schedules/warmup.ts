import { numberIn } from '../../files/setting-types.js';
import { completeOptions, type GivenOptions } from '../options.js';
import type { Schedule } from '../schedule.js';

/** The options of a warm-up with ranges and defaults. */
export const warmupOptions = {
  epochs: numberIn({ above: 0 }).describe(
    'The length of the warm-up in epochs; parts of an epoch are allowed',
  ),
  start: numberIn({ from: 0, to: 1 }).default(0.1).describe('The factor of the rate at epoch 0'),
};

export type WarmupOptions = GivenOptions<typeof warmupOptions>;

/**
 * Ramps a schedule up at the start, at every step.
 *
 * lr(e) = schedule(e) · (start + (1 − start) · e / epochs) for e < epochs, then schedule(e)
 *
 * The schedule under it is not shifted: its milestones stay at their epochs.
 *
 * @param options the length `epochs`, greater than 0, and `start` in [0, 1], default 0.1
 * @throws InputError for a value out of its range
 * Source: Goyal et al. 2017, "Accurate, Large Minibatch SGD".
 */
export function withWarmup(schedule: Schedule, options: WarmupOptions): Schedule {
  const { epochs, start } = completeOptions('withWarmup', warmupOptions, options);
  return (epoch) => {
    const rate = schedule(epoch);
    return epoch < epochs ? rate * (start + ((1 - start) * epoch) / epochs) : rate;
  };
}
