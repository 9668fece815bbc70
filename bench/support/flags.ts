import { parseArgs, type ParseArgsConfig } from 'node:util';
import { InputError } from '../../src/errors.js';
import { nearestNames } from '../../src/nearest.js';

type Options = NonNullable<ParseArgsConfig['options']>;

/**
 * The flags of the command line. Positional arguments are refused.
 *
 * @throws InputError for an unknown flag or one without its value
 */
export function readFlags<const Given extends Options>(
  options: Given,
): ReturnType<typeof parseArgs<{ options: Given }>>['values'] {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    const known = Object.keys(options).map((name) => `--${name}`);
    const sentence = (error as Error).message.split('. ')[0];
    throw new InputError(`${sentence}; expected ${known.join(', ')}.`, { cause: error });
  }
}

/** @throws InputError unless the text is a whole number from 1 */
export function wholeNumber(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InputError(`${flag} must be a whole number from 1, got '${text}'.`);
  }
  return value;
}

/** @throws InputError unless the text is one of the names */
export function oneOf<Name extends string>(flag: string, text: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === text);
  if (found !== undefined) return found;
  throw new InputError(`${flag} '${text}' is unknown; expected one of ${names.join(', ')}.`, {
    nearest: nearestNames(text, names),
  });
}
