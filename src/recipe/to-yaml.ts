import { stringify } from 'yaml';
import { dotted } from '../files/checked-yaml.js';
import type { Recipe } from './recipe.js';
import { settingsOf, type Sourced } from './sourced.js';

/** A resolved recipe as YAML, which resolves to itself. */
export function toYaml(recipe: Recipe): string {
  return stringify(recipe, { lineWidth: 0, aliasDuplicateObjects: false });
}

/**
 * Every setting by its path with its value, and where it comes from: one line each.
 *
 * @param shown how an origin is named
 */
export function originLines(tree: Sourced, shown = (origin: string): string => origin): string[] {
  const rows = [...settingsOf(tree)].map(
    ([path, { value, origin }]) => [`${dotted(path)}: ${JSON.stringify(value)}`, origin] as const,
  );
  const width = Math.max(...rows.map(([setting]) => setting.length).filter((length) => length <= 72));
  return rows.map(([setting, origin]) => `${setting.padEnd(width)}  # ${shown(origin)}`);
}
