import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseDocument } from 'yaml';
import { InputError } from '../errors.js';
import { parseCheckedYaml } from '../files/checked-yaml.js';
import { nearestNames } from '../nearest.js';
import { unknownName } from '../unknown-name.js';
import { changesTextSchema, recipeTextSchema } from './recipe-schema.js';
import { merged, plainOf, sourced, type Sourced, type SourcedMap } from './sourced.js';

const builtInFolder = fileURLToPath(new URL('../../recipes/', import.meta.url));
const extension = '.yaml';

/** The names of the recipes that come with the package, in order. */
export async function builtInRecipes(): Promise<string[]> {
  const files = await readdir(builtInFolder);
  return files
    .filter((file) => file.endsWith(extension))
    .map((file) => file.slice(0, -extension.length))
    .sort();
}

/**
 * Reads a recipe and the recipes that it extends: what their text says, without defaults, each setting with its
 * `file:line:column`.
 *
 * @param name of a built-in recipe, or the path of a file (which has a `/` or ends in `.yaml` or `.yml`)
 * @throws InputError for an unknown name, a file that cannot be read, wrong text, or recipes that extend each other in a
 *   circle
 */
export async function readRecipe(name: string): Promise<SourcedMap> {
  return read(await fileOf(name), []);
}

async function fileOf(name: string, from = ''): Promise<string> {
  if (/[/\\]|\.ya?ml$/.test(name)) return resolve(from, name);
  const known = await builtInRecipes();
  if (known.includes(name)) return join(builtInFolder, `${name}${extension}`);
  throw unknownName('recipe', name, known);
}

async function read(file: string, extending: readonly string[]): Promise<SourcedMap> {
  const shown = shownPath(file);
  if (extending.includes(file)) {
    const circle = [...extending.slice(extending.indexOf(file)), file].map((path) => basename(path));
    throw new InputError(`${shown}: recipes extend each other in a circle: ${circle.join(' → ')}.`, {
      fix: 'take one extends out',
    });
  }
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new InputError(`cannot read the recipe ${shown}: ${(error as Error).message}`, { cause: error });
  }
  const imports = await importAll(text, file, shown);
  const { value, placeOf } = parseCheckedYaml<object>(text, shown, (parsed) =>
    changesStages(parsed) ? changesTextSchema() : recipeTextSchema(),
  );
  const { extends: parent, ...rest } = value as { extends?: string; stages?: unknown };
  const own = imports.length > 0 ? { ...rest, imports } : rest;
  const tree = sourced(own, placeOf) as SourcedMap;
  if (parent === undefined) {
    if (!changesStages(own)) return tree;
    throw new InputError(
      `${placeOf(['stages'])}: \`stages\` is a map, which changes the stages of another recipe by name, and none is extended.`,
      { fix: 'write stages as a list, or name a recipe with extends' },
    );
  }
  try {
    const base = await read(await fileOf(parent, dirname(file)), [...extending, file]);
    return extended(base, tree);
  } catch (error) {
    if (extending.length > 0 || !(error instanceof InputError) || !error.message.startsWith('the recipe '))
      throw error;
    const { nearest, fix } = error;
    throw new InputError(`${placeOf(['extends'])}: ${error.message}`, {
      nearest,
      ...(fix === undefined ? {} : { fix }),
    });
  }
}

/**
 * Runs the modules that a recipe imports, before the rest of it is checked: it may name what they register.
 *
 * @returns their absolute paths
 */
async function importAll(text: string, file: string, shown: string): Promise<string[]> {
  // A text that is wrong is refused later, by the check of the whole text.
  const { imports } = (parseDocument(text).toJS() ?? {}) as { imports?: unknown };
  if (!Array.isArray(imports)) return [];
  const paths = imports
    .filter((path) => typeof path === 'string')
    .map((path) => resolve(dirname(file), path));
  for (const path of paths) {
    try {
      await import(pathToFileURL(path).href);
    } catch (error) {
      if (error instanceof InputError) throw error;
      throw new InputError(`${shown}: cannot import ${path}: ${(error as Error).message.split('\n')[0]}`, {
        cause: error,
      });
    }
  }
  return paths;
}

/** Whether `stages` is a map, which changes single stages by name. */
function changesStages(text: unknown): boolean {
  const stages = (text as { stages?: unknown } | null)?.stages;
  return typeof stages === 'object' && stages !== null && !Array.isArray(stages);
}

/** A list of stages replaces those of the other recipe; a map changes single ones by name. */
function extended(base: SourcedMap, over: SourcedMap): SourcedMap {
  const changes = over.entries.get('stages');
  const whole = merged(base, over) as SourcedMap;
  if (changes?.kind !== 'map') return whole;
  const before = base.entries.get('stages');
  const stages = before?.kind === 'list' ? [...before.items] : [];
  const names = stages.map((stage) => (plainOf(stage) as { name?: string }).name ?? '');
  for (const [name, change] of changes.entries) {
    const place = names.indexOf(name);
    if (place < 0) {
      throw new InputError(
        `${change.origin}: the recipe that is extended has no stage '${name}'; its stages are ${names.join(', ')}.`,
        { nearest: nearestNames(name, names) },
      );
    }
    stages[place] = merged(stages[place], change);
  }
  const list: Sourced = { kind: 'list', items: stages, origin: before?.origin ?? changes.origin };
  return { ...whole, entries: new Map(whole.entries).set('stages', list) };
}

/** How messages name a file: a built-in recipe by its place in the package, one in this directory by its relative path. */
function shownPath(file: string): string {
  if (file.startsWith(builtInFolder)) return `recipes/${basename(file)}`;
  const here = `${process.cwd()}/`;
  return file.startsWith(here) ? file.slice(here.length) : file;
}
