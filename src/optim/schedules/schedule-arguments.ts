import { InputError } from '../../errors.js';
import type { ScheduleUnit } from '../schedule.js';

/**
 * @param schedule the function, for messages
 * @throws InputError unless `value` is a finite number above 0
 */
export function checkPositive(schedule: string, what: string, value: number): void {
  if (!(value > 0 && Number.isFinite(value))) {
    throw new InputError(`${schedule} expects ${what} to be a number greater than 0, but got ${value}`);
  }
}

/**
 * The epoch by which a schedule computes: the fractional one, or with `per` = `epoch` the start of it.
 *
 * @throws InputError unless `epoch` is a finite number of at least 0
 */
export function momentOf(epoch: number, per: ScheduleUnit): number {
  if (!(epoch >= 0 && Number.isFinite(epoch))) {
    throw new InputError(`a schedule expects an epoch of at least 0, but got ${epoch}`);
  }
  return per === 'epoch' ? Math.floor(epoch) : epoch;
}

/** Settings of a schedule that ends at 0. */
export interface DecayOptions {
  /** The rate at epoch 0, greater than 0. */
  readonly lr: number;
  /** The epoch at which the rate reaches 0, greater than 0. */
  readonly epochs: number;
  /** Default `epoch`. */
  readonly per?: ScheduleUnit;
}
