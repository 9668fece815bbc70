import { z } from 'zod';
import { InputError } from '../errors.js';
import { expectedOf, type Immutable } from '../files/setting-types.js';
import { nearestNames } from '../nearest.js';

/** The options of an optimizer or a schedule by name: zod types with their ranges, defaults and descriptions. */
export type OptionTypes = Readonly<Record<string, z.ZodType>>;

/** Options as a caller gives them: any may be left out that has a default. */
export type GivenOptions<Types extends OptionTypes> = Immutable<z.input<z.ZodObject<Types>>>;

/** Options with their defaults. */
export type CompleteOptions<Types extends OptionTypes> = Immutable<z.output<z.ZodObject<Types>>>;

type KeyOfAny<Union> = Union extends unknown ? keyof Union : never;
type ValueOfAny<Union, Key extends PropertyKey> =
  Union extends Readonly<Record<Key, infer Value>> ? Value : never;

/** The zod types of the options of any of several optimizers or schedules, by name. */
export type TypesOfAny<Definitions extends readonly { readonly options: OptionTypes }[]> = {
  [Key in KeyOfAny<Definitions[number]['options']>]: ValueOfAny<Definitions[number]['options'], Key>;
};

/** Options of any of several optimizers or schedules; all may be left out. */
export type OptionsOfAny<Definitions extends readonly { readonly options: OptionTypes }[]> = Immutable<{
  [Key in keyof TypesOfAny<Definitions>]?: z.input<TypesOfAny<Definitions>[Key]>;
}>;

/**
 * The options with their defaults.
 *
 * @param owner of the options, for messages
 * @throws InputError for a value out of its range
 */
export function completeOptions<Types extends OptionTypes>(
  owner: string,
  types: Types,
  given: GivenOptions<Types>,
): CompleteOptions<Types> {
  const result = z.object(types).safeParse(given);
  if (result.success) return result.data as CompleteOptions<Types>;
  const name = String(result.error.issues[0].path[0]);
  const value = (given as Readonly<Record<string, unknown>>)[name];
  throw new InputError(`${owner}'s ${name} must be ${expectedOf(types[name])}, got ${String(value)}.`);
}

/** What has options of its own, by name. */
interface Named {
  readonly name: string;
  readonly options: OptionTypes;
}

/**
 * Refuses options that a definition does not take. One that is undefined or an empty list says nothing.
 *
 * @param kind of the definition, for messages: `optimizer` or `schedule`
 * @param all the definitions of this kind
 * @throws InputError for the first option that it does not take
 */
export function checkTaken(
  kind: string,
  { name, options }: Named,
  all: readonly Named[],
  given: object,
): void {
  const taken = Object.keys(options);
  const isSaid = (value: unknown): boolean =>
    value !== undefined && !(Array.isArray(value) && value.length === 0);
  const said = Object.entries(given).filter(([, value]) => isSaid(value));
  const stranger = said.map(([option]) => option).find((option) => !taken.includes(option));
  if (stranger === undefined) return;
  const owners = all.filter((one) => Object.hasOwn(one.options, stranger)).map((one) => one.name);
  const orChoose = owners.length > 0 ? `, or choose the ${kind} ${owners.join(' or ')}` : '';
  throw new InputError(
    `the ${kind} '${name}' does not take the option '${stranger}'; it takes ${taken.join(', ') || 'none'}.`,
    { nearest: nearestNames(stranger, taken), fix: `leave ${stranger} out${orChoose}` },
  );
}
