import type { z } from 'zod';
import { LineCounter, isMap, isNode, isPair, parseDocument } from 'yaml';
import type { Document, Node } from 'yaml';
import { InputError } from '../errors.js';
import { nearestNames } from '../nearest.js';

/** The keys a schema knows at a path, written with dots and without list indices: `''`, `'input'`, `'taps'`. */
export type KnownKeys = ReadonlyMap<string, readonly string[]>;

/**
 * Parses YAML and checks it against a schema of strict objects.
 * @param path The file's name, for messages, which start with `path:line:column`.
 * @param knownKeys Where the nearest names of an unknown key come from.
 * @throws {InputError} for the first thing that is wrong, unknown keys before wrong values.
 */
export function parseCheckedYaml<T>(
  text: string,
  path: string,
  schema: z.ZodType<T>,
  knownKeys: KnownKeys,
): T {
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
  const result = schema.safeParse(document.toJS());
  if (result.success) return result.data;
  const issues = result.error.issues;
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  const where = issue.path.filter((key) => typeof key !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0];
    const known = knownKeys.get(where.filter((part) => typeof part === 'string').join('.')) ?? [];
    const within = where.length > 0 ? ` in ${dotted(where)}` : '';
    throw new InputError(`${place(keyOffset(document, where, key))}: unknown key "${key}"${within}`, {
      nearest: nearestNames(key, known),
      fix: `use one of ${known.join(', ')}`,
    });
  }
  const value: unknown = document.getIn(where);
  const offset = place(nodeOffset(document, where));
  if (value === undefined)
    throw new InputError(`${offset}: \`${dotted(where)}\` is missing: ${issue.message}`);
  const shown = isNode(value) ? JSON.stringify(value.toJS(document)) : JSON.stringify(value);
  throw new InputError(`${offset}: \`${dotted(where) || 'the file'}\` is ${shown}: ${issue.message}`);
}

function dotted(path: readonly (string | number)[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '');
}

/** Where the node at a path starts, or the nearest of its ancestors that is there. */
function nodeOffset(document: Document, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node)) return node.range?.[0] ?? 0;
  }
  return document.contents?.range?.[0] ?? 0;
}

function keyOffset(document: Document, path: readonly (string | number)[], key: string): number {
  const map: unknown = path.length === 0 ? document.contents : document.getIn(path, true);
  if (!isMap(map)) return nodeOffset(document, path);
  const pair = map.items.find((item) => isPair(item) && String((item.key as Node).toJSON()) === key);
  return isNode(pair?.key) ? (pair.key.range?.[0] ?? 0) : nodeOffset(document, path);
}
