import { defineSchedule, type Schedule } from '../schedule.js';
import { checkPositive, type DecayOptions, momentOf } from './schedule-arguments.js';

/**
 * lr(e) = lr · (1 + cos(π e / epochs)) / 2, and 0 from `epochs` on; e is ⌊e⌋ unless `per` is `step`
 *
 * @throws InputError when `lr` or `epochs` is not greater than 0.
 * Source: Loshchilov and Hutter 2017, "SGDR", without restarts.
 */
export function cosineSchedule({ lr, epochs, per = 'epoch' }: DecayOptions): Schedule {
  checkPositive('cosineSchedule', 'lr', lr);
  checkPositive('cosineSchedule', 'epochs', epochs);
  return (epoch) => {
    const done = Math.min(momentOf(epoch, per) / epochs, 1);
    return (lr * (1 + Math.cos(Math.PI * done))) / 2;
  };
}

/** The recipe's `cosine`. */
export const cosine = defineSchedule({
  name: 'cosine',
  description: 'Falls to 0 along half a cosine',
  options: {},
  everyStep: true,
  create: (_, stage) => cosineSchedule(stage),
});
