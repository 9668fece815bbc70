import { z } from 'zod';
import { expectedOf, innerType } from '../files/setting-types.js';
import { defaultRecipe, defaultStage } from './default-recipe.js';
import { defaultWords } from './default-words.js';
import { recipeSchema } from './recipe-schema.js';

/** A key of a recipe as the documentation and the command line describe it. */
export interface RecipeKey {
  /** As it is written: `optimizer.lr`. */
  readonly path: string;
  /** The values it may have where these are names; else empty. */
  readonly names: readonly string[];
  /** What it may be: the names with commas between them, or words such as `a whole number of at least 1`. */
  readonly values: string;
  /** Its default as it is written, or in words; empty where it has none. */
  readonly default: string;
  /** What it decides. The first sentence stands for itself. */
  readonly description: string;
}

/** The keys of a run, of its student and of a stage, each group with paths of its own, in the order of a resolved recipe. */
export interface RecipeKeys {
  readonly run: readonly RecipeKey[];
  readonly student: readonly RecipeKey[];
  readonly stage: readonly RecipeKey[];
}

/** Every key of a recipe; one of a map follows the map. Losses are one key: see `allLosses` for theirs. */
export function recipeKeys(): RecipeKeys {
  const { student, stages, ...run } = recipeSchema().shape;
  const [stage] = [innerType(stages) as z.ZodArray].map(({ element }) => element as z.ZodObject);
  return {
    run: keysIn(run, defaultRecipe),
    student: keysIn((innerType(student) as z.ZodObject).shape, defaultRecipe.student),
    stage: keysIn(stage.shape, defaultStage),
  };
}

const prefixes = { run: '', student: 'student.', stage: 'stages[].' } as const;

/**
 * The key at a path of the whole recipe.
 *
 * @param path such as `seed`, `student.width` or `stages[].epochs`
 * @throws Error for one that is not there
 */
export function recipeKeyAt(path: string): RecipeKey {
  const keys = recipeKeys();
  for (const group of ['run', 'student', 'stage'] as const) {
    const found = keys[group].find((key) => prefixes[group] + key.path === path);
    if (found) return found;
  }
  throw new Error(`a recipe has no key ${path}`);
}

function keysIn(shape: z.ZodRawShape, defaults: object | null | undefined, before = ''): RecipeKey[] {
  return Object.entries(shape).flatMap(([name, part]) => {
    const type = part as z.ZodType;
    const path = before + name;
    const value = (defaults as Readonly<Record<string, unknown>> | null | undefined)?.[name];
    const key = {
      path,
      ...valuesOf(type),
      default: defaultOf(type, value),
      description: type.description ?? '',
    };
    const inner = innerType(type);
    if (!(inner instanceof z.ZodObject) || path === 'losses') return [key];
    const own = type.description === undefined ? [] : [{ ...key, values: 'a map' }];
    return [...own, ...keysIn(inner.shape, value as object | null | undefined, `${path}.`)];
  });
}

function valuesOf(type: z.ZodType): Pick<RecipeKey, 'names' | 'values'> {
  const inner = innerType(type);
  const names = inner instanceof z.ZodEnum ? inner.options.map(String) : [];
  const words = expectedOf(type);
  const isList = inner instanceof z.ZodArray && words.startsWith('a list');
  const each = isList ? `a list, each ${expectedOf(inner.element as z.ZodType)}` : words;
  return { names, values: names.join(', ') || each };
}

function defaultOf(type: z.ZodType, value: unknown): string {
  const words = defaultWords.get(type)?.words;
  if (words !== undefined) return words;
  if (value === undefined || value === '') return '';
  if (value === null) return 'none';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
