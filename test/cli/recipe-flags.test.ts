import { describe, expect, it } from 'vitest';
import { recipeFlags } from '../../src/cli/recipe-flags.js';
import { defaultRecipe } from '../../src/recipe/default-recipe.js';
import { partAt, sourced } from '../../src/recipe/sourced.js';

const flags = recipeFlags().map((flag) => ({ name: flag.option.long!, ...flag }));

describe('a flag of a recipe', () => {
  it.each(flags)('$name describes its key and the default, and leaves both to the recipe', ({ option }) => {
    expect(option.description).toMatch(/^[a-z].+ \(default: .+\)$/);
    expect(option.description).not.toMatch(/\. /);
    expect(option.defaultValue).toBeUndefined();
  });

  it.each(flags)('$name sets a key that a recipe has', ({ path }) => {
    const tree = sourced(defaultRecipe, () => 'default');
    expect(partAt(tree, path.slice(0, -1))?.kind).toBe('map');
  });

  it.each([
    ['--epochs', 'passes over the training images (default: 10)'],
    ['--backend', 'where the student trains: native, cpu, tensorflow (default: native)'],
    [
      '--schedule',
      'the learning rate over the epochs: constant, step, cosine, linear (default: cosine, at each step)',
    ],
    ['--mean', "the mean of each colour in [0, 1] (default: that of the teacher's card)"],
  ])('%s says: %s', (name, help) => {
    expect(flags.find((flag) => flag.name === name)?.option.description).toBe(help);
  });
});
