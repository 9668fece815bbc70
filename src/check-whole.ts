import { InputError } from './errors.js';

/**
 * @param what is checked: words, or a field in backticks
 * @throws InputError unless `value` is a whole number of at least `least`
 */
export function checkWhole(what: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new InputError(`${what} must be a whole number of at least ${least}, got ${value}.`);
}
