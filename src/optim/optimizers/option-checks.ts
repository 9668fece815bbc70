import { InputError } from '../../errors.js';

/** @throws InputError unless `value` is a finite number of at least 0 */
export function checkAtLeastZero(owner: string, option: string, value: number): void {
  if (value >= 0 && Number.isFinite(value)) return;
  throw new InputError(`${owner}'s ${option} must be a finite number of at least 0, got ${value}.`);
}
