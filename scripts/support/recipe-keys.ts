import { recipeKeys } from '../../src/recipe/recipe-keys.js';
import { markdownTable } from './markdown-table.js';

/** The table of the keys of `run`, `student` or `stage`. */
export function recipeKeysTable(group: string): string {
  const keys = recipeKeys();
  if (!(group in keys)) throw new Error(`a recipe has no group of keys '${group}'.`);
  const rows = keys[group as keyof typeof keys].map(({ path, names, values, default: usual, description }) => [
    `\`${path}\``,
    names.length > 0 ? names.map((name) => `\`${name}\``).join(', ') : values,
    usual === '' ? '' : `\`${usual}\``,
    description,
  ]);
  return markdownTable(['key', 'values', 'default', ''], rows);
}
