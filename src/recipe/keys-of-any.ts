import { z } from 'zod';
import { expectedOf } from '../files/setting-types.js';
import type { OptionTypes, TypesOfAny } from '../optim/options.js';

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
 * The keys of a map whose `name` chooses one of several definitions: the options of all of them. None has a default, since
 * an option that a recipe leaves out has that of the definition it names. Which options belong to the name is checked where
 * it is created.
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
  return z.exactOptional(type).describe(describeFor(name, owners, definitions.length));
}

function bare(type: z.ZodType): z.ZodType {
  return type instanceof z.ZodDefault ? (type.unwrap() as z.ZodType) : type;
}

/** What an option does and its default, once for all owners that have the same, with their names unless these are all. */
function describeFor(name: string, owners: readonly Definition[], all: number): string {
  const byText = new Map<string, string[]>();
  for (const { name: owner, options } of owners) {
    const text = `${options[name].description ?? ''}${defaultIn(options[name])}`;
    byText.set(text, [...(byText.get(text) ?? []), owner]);
  }
  if (byText.size === 1 && owners.length === all) return [...byText.keys()][0];
  return [...byText].map(([text, names]) => `Of ${names.join(', ')}: ${lowerFirst(text)}`).join('. ');
}

function defaultIn(type: z.ZodType): string {
  if (!(type instanceof z.ZodDefault)) return '';
  const value = type.def.defaultValue;
  return Array.isArray(value) ? '' : ` (default ${String(value)})`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
