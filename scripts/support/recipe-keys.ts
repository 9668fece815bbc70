import { recipeKeys, type RecipeKeys } from '../../src/recipe/recipe-keys.js';
import { markdownTable } from './markdown-table.js';

/** The table of the keys of `run`, `student` or `stage`: key, values, default, meaning. */
export function recipeKeysTable(group: string): string {
  const rows = recipeKeys[group as keyof RecipeKeys].map(
    ({ path, names, values, default: usual, description }) => [
      code(path),
      names.map(code).join(', ') || (values.includes('<') ? code(values) : values),
      usual,
      description,
    ],
  );
  return markdownTable(['key', 'values', 'default', ''], rows);
}

const code = (text: string): string => `\`${text}\``;
