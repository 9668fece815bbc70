import { defineSchedule, type Schedule } from '../schedule.js';
import { checkPositive, momentOf } from './schedule-arguments.js';

/**
 * lr(e) = lr
 *
 * @throws InputError when `lr` is not greater than 0.
 */
export function constantSchedule({ lr }: { readonly lr: number }): Schedule {
  checkPositive('constantSchedule', 'lr', lr);
  return (epoch) => {
    momentOf(epoch, 'step');
    return lr;
  };
}

/** The recipe's `constant`. */
export const constant = defineSchedule({
  name: 'constant',
  description: 'The same rate throughout',
  options: {},
  create: (_, { lr }) => constantSchedule({ lr }),
});
