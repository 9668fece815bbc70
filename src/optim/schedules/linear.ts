import { defineSchedule, type Schedule } from '../schedule.js';
import { checkPositive, type DecayOptions, momentOf } from './schedule-arguments.js';

/**
 * lr(e) = lr · (1 − e / epochs), and 0 from `epochs` on; e is ⌊e⌋ unless `per` is `step`
 *
 * @throws InputError when `lr` or `epochs` is not greater than 0.
 */
export function linearSchedule({ lr, epochs, per = 'epoch' }: DecayOptions): Schedule {
  checkPositive('linearSchedule', 'lr', lr);
  checkPositive('linearSchedule', 'epochs', epochs);
  return (epoch) => lr * (1 - Math.min(momentOf(epoch, per) / epochs, 1));
}

/** The recipe's `linear`. */
export const linear = defineSchedule({
  name: 'linear',
  description: 'Falls evenly to 0',
  options: {},
  everyStep: true,
  create: (_, stage) => linearSchedule(stage),
});
