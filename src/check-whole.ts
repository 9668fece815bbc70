import { InputError } from './errors.js';

/** @throws InputError unless `value` is a whole number of at least `least` */
export function checkWhole(flag: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new InputError(`${flag} must be a whole number of at least ${least}, got ${value}.`);
}
