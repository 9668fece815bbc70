import type { z } from 'zod';
import { LineCounter, isMap, isNode, isPair, parseDocument } from 'yaml';
import type { Document, Node } from 'yaml';
import { InputError } from '../errors.js';
import { nearestNames } from '../nearest.js';
import { innerType } from './setting-types.js';

/** Where something is in nested maps and lists: their keys and indices. */
export type KeyPath = readonly (string | number)[];

/** YAML that was checked against a schema. */
export interface CheckedYaml<T> {
  readonly value: T;
  /** `path:line:column` of the value at a path, or of the nearest of its ancestors that is there. */
  readonly placeOf: (path: KeyPath) => string;
}

/**
 * Parses YAML and checks it against a schema of strict objects.
 * @param path The file's name, for messages, which start with `path:line:column`.
 * @param schemaFor The schema, which may depend on what was parsed.
 * @throws {InputError} for the first thing that is wrong, unknown keys before wrong values.
 */
export function parseCheckedYaml<T>(
  text: string,
  path: string,
  schemaFor: (parsed: unknown) => z.ZodType<T>,
): CheckedYaml<T> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    const { message, pos } = document.errors[0];
    throw new InputError(`${place(pos[0])}: not valid YAML: ${message.split('\n')[0]}`);
  }
  const placeOf = (where: KeyPath): string => place(nodeOffset(document, where));
  const parsed: unknown = document.toJS();
  const value = checked(parsed, schemaFor(parsed), {
    wrongValue: (where, shown, expected) => `${settingIn(placeOf(where), where)} ${shown}: ${expected}`,
    placeOfKey: (where, key) => place(keyOffset(document, where, key)),
  });
  return { value, placeOf };
}

/** How messages say where something is wrong. */
export interface CheckedPlaces {
  /** A sentence about a value: `is missing` or `is 3`, and `expected …`. */
  readonly wrongValue: (path: KeyPath, shown: string, expected: string) => string;
  /** Where a key stands that is unknown at a path. */
  readonly placeOfKey: (path: KeyPath, key: string) => string;
}

/**
 * Checks a value against a schema of strict objects.
 * @throws {InputError} for the first thing that is wrong, unknown keys before wrong values.
 */
export function checked<T>(
  value: unknown,
  schema: z.ZodType<T>,
  { wrongValue, placeOfKey }: CheckedPlaces,
): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { issues } = result.error;
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  const where = issue.path.filter((key) => typeof key !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0];
    const known = keysAt(schema, where);
    const within = where.length > 0 ? ` in ${dotted(where)}` : '';
    throw new InputError(`${placeOfKey(where, key)}: unknown key "${key}"${within}`, {
      nearest: nearestNames(key, known),
      fix: `use one of ${known.join(', ')}`,
    });
  }
  const found = where.reduce<unknown>((within, key) => (within as Record<string, unknown>)?.[key], value);
  if (found === undefined) throw new InputError(wrongValue(where, 'is missing', issue.message));
  const shown = typeof found === 'number' ? String(found) : JSON.stringify(found);
  const names = issue.code === 'invalid_value' ? issue.values.map(String) : [];
  throw new InputError(wrongValue(where, `is ${shown}`, issue.message), {
    nearest: typeof found === 'string' ? nearestNames(found, names) : [],
  });
}

/** A setting by its place and its path: `card.yaml:3:5: \`input.scale\``. */
export function settingIn(place: string, path: KeyPath): string {
  return `${place}: \`${dotted(path) || 'the file'}\``;
}

/** A path as it is written: `stages[0].optimizer.lr`. */
export function dotted(path: KeyPath): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '');
}

/** The keys that a schema knows at a path. */
export function keysAt(schema: z.ZodType, path: KeyPath): readonly string[] {
  let at: z.ZodType | undefined = schema;
  for (const part of path) at = at && childOf(innerType(at), part);
  const found = at && innerType(at);
  return found?.def.type === 'object' ? Object.keys((found as z.ZodObject).shape) : [];
}

function childOf(schema: z.ZodType, part: string | number): z.ZodType | undefined {
  const { type } = schema.def;
  if (type === 'object') return (schema as z.ZodObject).shape[part] as z.ZodType | undefined;
  if (type === 'array') return (schema as z.ZodArray).element as z.ZodType;
  return type === 'record' ? ((schema as z.ZodRecord).valueType as z.ZodType) : undefined;
}

/** Where the node at a path starts, or the nearest of its ancestors that is there. */
function nodeOffset(document: Document, path: KeyPath): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node)) return node.range?.[0] ?? 0;
  }
  return document.contents?.range?.[0] ?? 0;
}

function keyOffset(document: Document, path: KeyPath, key: string): number {
  const map: unknown = path.length === 0 ? document.contents : document.getIn(path, true);
  if (!isMap(map)) return nodeOffset(document, path);
  const pair = map.items.find((item) => isPair(item) && String((item.key as Node).toJSON()) === key);
  return isNode(pair?.key) ? (pair.key.range?.[0] ?? 0) : nodeOffset(document, path);
}
