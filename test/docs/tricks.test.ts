import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Tokens } from 'marked';
import { describe, expect, it } from 'vitest';
import { recipeJsonSchema } from '../../src/recipe/recipe-schema.js';
import { repositoryFile } from '../../scripts/support/generated-parts.js';
import { readDocument } from './markdown.js';

const { tables } = readDocument('docs/blocks.md');
const entrances = [
  'src/index.ts',
  ...readdirSync(repositoryFile('src/entrances')).map((file) => `src/entrances/${file}`),
].map((path) => readFileSync(repositoryFile(path), 'utf8'));
/** What a user of the library can import, types included. */
const exported = new Set(
  entrances.flatMap((text) =>
    [...text.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, names]) => names.match(/\w+/g)),
  ),
);
const tableWith = (column: string): Tokens.Table =>
  tables.find(({ header }) => header.some(({ text }) => text === column))!;
const tricks = tableWith('trick');
const faults = tableWith('fault elsewhere');

/** The code of a cell, in the row as in the table's column. */
function codeOf(row: readonly Tokens.TableCell[], { header }: Tokens.Table, column: string): string[] {
  const { tokens } = row[header.findIndex(({ text }) => text === column)];
  return tokens.filter((token) => token.type === 'codespan').map((token) => (token as Tokens.Codespan).text);
}
const titleOf = (row: readonly Tokens.TableCell[]): string =>
  row.find(({ text }) => /[a-z]/.test(text))!.text;

/** Whether a path of keys, as `stages[].optimizer.lr`, may stand in a recipe. */
function isKey(path: string): boolean {
  let places: object[] = [recipeJsonSchema()];
  for (const key of path.replaceAll('[]', '').split('.')) {
    const below = places.flatMap((place) => {
      const { anyOf = [], items, properties } = place as SchemaNode;
      const objects = [
        { properties },
        ...anyOf,
        ...(items ? [items] : []),
        ...anyOf.flatMap((one) => one.items ?? []),
      ];
      return objects.flatMap(({ properties: keys }) => keys?.[key] ?? []);
    });
    if (below.length === 0) return false;
    places = below;
  }
  return true;
}
interface SchemaNode {
  readonly anyOf?: readonly SchemaNode[];
  readonly items?: SchemaNode;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
}

describe('the table of tricks', () => {
  it.each(tricks.rows.map((row) => [titleOf(row), row] as const))('%s', (_, row) => {
    const names = codeOf(row, tricks, 'library').map((code) => /^\w+/.exec(code)![0]);
    expect(names.filter((name) => !exported.has(name))).toEqual([]);
    const tests = codeOf(row, tricks, 'test');
    expect(tests.length).toBeGreaterThan(0);
    expect(tests.filter((path) => !existsSync(repositoryFile(path)))).toEqual([]);
    const keys = codeOf(row, tricks, 'key of a recipe').filter((code) => code.includes('.'));
    expect(keys.filter((key) => !isKey(key))).toEqual([]);
  });

  it('knows a key that is none', () => {
    expect([isKey('stages[].optimizer.weightDecay'), isKey('stages[].optimizer.nothing')]).toEqual([
      true,
      false,
    ]);
  });
});

it.each(faults.rows.map((row) => [titleOf(row), row] as const))('the fault "%s" has a test', (_, row) => {
  const tests = codeOf(row, faults, 'test');
  expect(tests.length).toBeGreaterThan(0);
  expect(tests.filter((path) => !existsSync(repositoryFile(path)))).toEqual([]);
});
