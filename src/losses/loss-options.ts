import { InputError } from '../errors.js';

/** The numbers that an option may be. */
export interface NumberRange {
  /** Above this number. */
  readonly above?: number;
  /** This number or above it. */
  readonly from?: number;
  /** Below this number. */
  readonly below?: number;
  /** This number or below it. */
  readonly to?: number;
}

/** A number that shapes a loss. */
export interface LossOption {
  readonly default: number;
  /** Default all finite numbers. */
  readonly range?: NumberRange;
  /** One sentence for the documentation. */
  readonly description?: string;
  /** What recipes and flags call it; default its name. */
  readonly short?: string;
}

/** The values of options by name, as a loss gets them. */
export type OptionValues<Options> = { readonly [Name in keyof Options]: number };

/** An option with all that it may say, and its name. */
export interface NamedOption extends LossOption {
  readonly name: string;
  /** What recipes and flags call it. */
  readonly key: string;
  readonly range: NumberRange;
}

/** The options of a loss, in the order in which it has them. */
export function namedOptions(
  options: Readonly<Record<string, number | LossOption>> | undefined,
): NamedOption[] {
  return Object.entries(options ?? {}).map(([name, option]) => {
    const spec: LossOption = typeof option === 'number' ? { default: option } : option;
    return { range: {}, ...spec, name, key: spec.short ?? name };
  });
}

/**
 * Refuses a value that an option may not have.
 *
 * @param where the loss, as its errors name it
 * @throws InputError for a number out of range, or one that is not finite
 */
export function checkInRange(where: string, name: string, value: number, range: NumberRange = {}): void {
  const { above = -Infinity, from = -Infinity, below = Infinity, to = Infinity } = range;
  const isIn = value > above && value >= from && value < below && value <= to;
  if (isIn && Number.isFinite(value)) return;
  const article = /^[aeiou]/.test(name) ? 'an' : 'a';
  throw new InputError(`${where} expects ${article} ${name} ${rangeText(range)}, but got ${value}`);
}

/** The range in words, such as `greater than 0` or `from 0 up to but not including 1`. */
export function rangeText({ above, from, below, to }: NumberRange): string {
  const parts = [
    above !== undefined ? `greater than ${above}` : '',
    from !== undefined ? `from ${from}` : '',
    below !== undefined ? `up to but not including ${below}` : '',
    to !== undefined ? `up to ${to}` : '',
  ].filter((part) => part !== '');
  return parts.length > 0 ? parts.join(' ') : 'that is finite';
}
