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
