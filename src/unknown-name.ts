import { InputError } from './errors.js';
import { nearestNames } from './nearest.js';

/**
 * The error for a name that is not among those known.
 *
 * @param what the name is of: `student`, `schedule`, …
 * @param flag how the command line takes such a name, for the proposal of one; by default none is made
 */
export function unknownName(
  what: string,
  given: string,
  known: readonly string[],
  flag?: string,
): InputError {
  const nearest = nearestNames(given, known);
  return new InputError(`the ${what} '${given}' is unknown; expected one of ${known.join(', ')}.`, {
    nearest,
    ...(flag === undefined
      ? {}
      : { fix: `choose one of them, for instance ${flag} ${nearest[0] ?? known[0]}` }),
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
