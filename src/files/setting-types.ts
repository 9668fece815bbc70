import { z } from 'zod';

// The kinds of settings that recipes and options are made of. Each is a zod type whose error says in words what was
// expected, so that messages, the JSON Schema and the documentation agree.

/** The numbers that a setting may be. */
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

/** A finite number in a range that has a lower end. */
export function numberIn({ above, from, below, to }: NumberRange): z.ZodNumber {
  const lower = above === undefined ? `[${from}` : `(${above}`;
  const words =
    below === undefined && to === undefined
      ? `a finite number ${above === undefined ? `of at least ${from}` : `above ${above}`}`
      : `a number in ${lower}, ${to === undefined ? `${below})` : `${to}]`}`;
  const error = `expected ${words}`;
  let type = z.number(error);
  if (above !== undefined) type = type.gt(above, error);
  if (from !== undefined) type = type.min(from, error);
  if (below !== undefined) type = type.lt(below, error);
  if (to !== undefined) type = type.max(to, error);
  return type;
}

/** @param what the number is, for messages; default `a whole number` */
export function wholeNumber(least: number, what = 'a whole number'): z.ZodInt {
  const error = `expected ${what} of at least ${least}`;
  return z.int(error).min(least, error);
}

/** @param what the text is, for messages */
export function text(what: string): z.ZodString {
  return z.string(`expected ${what}`);
}

export function toggle(): z.ZodBoolean {
  return z.boolean('expected true or false');
}

export function oneOf<const Name extends string>(names: readonly Name[]): z.ZodEnum<{ [K in Name]: K }> {
  return z.enum([...names], `expected one of ${names.join(', ')}`);
}

export function listOf<Item extends z.ZodType>(item: Item): z.ZodArray<Item> {
  return z.array(item, 'expected a list, such as [1, 2]');
}

/** A map of these keys and no others. */
export function mapOf<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  return z.strictObject(shape, `expected a map of ${Object.keys(shape).join(', ')}`);
}

/** The type of a setting itself, without its default and what allows it to be absent or null. */
export function innerType(type: z.ZodType): z.ZodType {
  const { def } = (type as unknown as z.core.$ZodTypes)._zod;
  const isWrapped =
    def.type === 'optional' || def.type === 'nullable' || def.type === 'default' || def.type === 'prefault';
  return isWrapped ? innerType(def.innerType as z.ZodType) : type;
}

/** What a setting may be, in the words of its error: `a whole number of at least 1`. */
export function expectedOf(type: z.ZodType): string {
  const { error } = innerType(type).safeParse(Symbol('of no kind'));
  return error!.issues[0].message.replace(/^expected /, '');
}

/** A type with all its properties, and theirs, read-only. */
export type Immutable<T> = T extends object ? { readonly [Key in keyof T]: Immutable<T[Key]> } : T;
