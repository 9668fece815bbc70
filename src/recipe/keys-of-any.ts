import { z } from 'zod';
import { expectedOf } from '../files/setting-types.js';
import type { OptionTypes, TypesOfAny } from '../optim/options.js';
import { defaultWords } from './default-words.js';

/** An optimizer or a schedule: what a map of the recipe may name. */
interface Definition {
  readonly name: string;
  readonly options: OptionTypes;
}

type WithoutDefault<Type> = Type extends z.ZodDefault<infer Inner extends z.ZodType> ? Inner : Type;
type KeysOfAny<Definitions extends readonly Definition[]> = {
  [Key in keyof TypesOfAny<Definitions>]: z.ZodExactOptional<
    Extract<WithoutDefault<TypesOfAny<Definitions>[Key]>, z.ZodType>
  >;
};

/**
 * The keys of a map whose `name` chooses one of several definitions: the options of all of them. None has a default of its
 * own, since an option that a recipe leaves out has that of the definition that it names. Whether an option belongs to the
 * name is checked where it is created.
 */
export function keysOfAny<const Definitions extends readonly Definition[]>(
  definitions: Definitions,
): KeysOfAny<Definitions> {
  const names = new Set(definitions.flatMap(({ options }) => Object.keys(options)));
  const keys = [...names].map((name) => [name, keyOfAny(name, definitions)] as const);
  return Object.fromEntries(keys) as unknown as KeysOfAny<Definitions>;
}

function keyOfAny(name: string, definitions: readonly Definition[]): z.ZodType {
  const owners = definitions.filter(({ options }) => Object.hasOwn(options, name));
  const types = new Map(owners.map(({ options }) => [expectedOf(options[name]), bare(options[name])]));
  const [first, ...others] = types.values();
  const type =
    others.length === 0 ? first : z.union([first, ...others], `expected ${[...types.keys()].join(' or ')}`);
  const descriptions = grouped(owners, (owner) => owner.options[name].description ?? '');
  const isOfAll = descriptions.length === 1 && owners.length === definitions.length;
  const description = isOfAll
    ? descriptions[0].text
    : descriptions.map(({ text, names }) => `Of ${names.join(', ')}: ${lowerFirst(text)}`).join('. ');
  const [common, ...different] = grouped(owners, (owner) => defaultOf(owner.options[name]));
  const exceptions = different.map(({ text, names }) => `, of ${names.join(', ')} ${text}`);
  const words = common.text + exceptions.join('');
  const key = z.exactOptional(type).describe(description);
  return words === '' ? key : key.register(defaultWords, { words });
}

function bare(type: z.ZodType): z.ZodType {
  return type instanceof z.ZodDefault ? (type.unwrap() as z.ZodType) : type;
}

function defaultOf(type: z.ZodType): string {
  const value = type instanceof z.ZodDefault ? type.def.defaultValue : undefined;
  return value === undefined || Array.isArray(value) ? '' : JSON.stringify(value);
}

/** The different texts about owners, each with the names of those that it is about. */
function grouped(
  owners: readonly Definition[],
  textOf: (owner: Definition) => string,
): { readonly text: string; readonly names: readonly string[] }[] {
  const texts = [...new Set(owners.map(textOf))];
  return texts.map((text) => ({
    text,
    names: owners.filter((owner) => textOf(owner) === text).map(({ name }) => name),
  }));
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
