import { InputError } from './errors.js';
import { nearestNames } from './nearest.js';

/**
 * The error for a name that is not among those known.
 *
 * @param what the name is of: `student`, `schedule`, …
 */
export function unknownName(what: string, given: string, known: readonly string[]): InputError {
  return new InputError(`the ${what} '${given}' is unknown; expected one of ${known.join(', ')}.`, {
    nearest: nearestNames(given, known),
  });
}

/**
 * The value as one of the names.
 *
 * @param what says the value in a sentence, as `the activation is`
 * @throws InputError for any other text, naming it
 */
export function checkedName<Name extends string>(what: string, value: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === value);
  if (found !== undefined) return found;
  throw new InputError(`${what} '${value}'; expected one of ${names.join(', ')}.`, {
    nearest: nearestNames(value, names),
  });
}
