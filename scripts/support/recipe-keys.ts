import { defaultRecipe, defaultStage } from '../../src/recipe/default-recipe.js';
import { recipeJsonSchema } from '../../src/recipe/recipe-schema.js';
import { markdownTable } from './markdown-table.js';

/** What is read here of a JSON Schema. */
interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

const schema: JsonSchema = recipeJsonSchema();
const { student, stages, ...run } = schema.properties!;
const stage = stages.anyOf![0].items!;

/** The parts of a recipe that have a table of their own. */
const groups: Readonly<Record<string, { readonly schema: JsonSchema; readonly defaults: unknown }>> = {
  run: { schema: { properties: run }, defaults: { ...defaultRecipe, threads: 'all processors' } },
  student: { schema: student, defaults: defaultRecipe.student },
  stage: { schema: stage, defaults: defaultStage },
};

/** The table of the keys of `run`, `student` or `stage`: key, values, default, meaning. */
export function recipeKeysTable(group: string): string {
  const { schema: shape, defaults } = groups[group];
  return markdownTable(['key', 'values', 'default', ''], rowsOf(shape, defaults));
}

function rowsOf({ properties = {} }: JsonSchema, defaults: unknown, path = ''): string[][] {
  return Object.entries(properties).flatMap(([name, property]) => {
    const key = `${path}${name}`;
    const value = (defaults as Readonly<Record<string, unknown>> | null)?.[name];
    if (key === 'losses') return [['`losses.<name>`', 'map', '', 'One term: its weight and its options']];
    const map = [property, ...(property.anyOf ?? [])].find(({ properties: keys }) => keys !== undefined);
    if (map === undefined)
      return [[`\`${key}\``, valuesOf(property), shown(value), property.description ?? '']];
    const own =
      property.description === undefined ? [] : [[`\`${key}\``, 'map', shown(value), property.description]];
    return [...own, ...rowsOf(map, value, `${key}.`)];
  });
}

function valuesOf({ type = [], enum: names, items, anyOf = [] }: JsonSchema): string {
  if (names) return names.map((name) => `\`${name}\``).join(', ');
  if (items) return `list of ${valuesOf(items)}s`;
  const types = [type, ...anyOf.map((option) => option.type ?? [])].flat().filter((name) => name !== 'null');
  return types.map((name) => typeNames[name] ?? name).join(' or ');
}

const typeNames: Readonly<Record<string, string>> = {
  integer: 'whole number',
  string: 'text',
  boolean: 'true or false',
  object: 'map',
};

function shown(value: unknown): string {
  if (value === undefined || value === null || value === '') return '';
  return typeof value === 'string' ? value : `\`${JSON.stringify(value)}\``;
}
