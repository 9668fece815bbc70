import { describe, expect, it } from 'vitest';
import { recipeFlags } from '../../src/cli/recipe-flags.js';
import { defaultRecipe } from '../../src/recipe/default-recipe.js';
import { partAt, sourced } from '../../src/recipe/sourced.js';

const flags = recipeFlags().map((flag) => ({ name: flag.option.long!, ...flag }));

describe('a flag of a recipe', () => {
  it.each(flags)('$name describes its key and the default, and leaves both to the recipe', ({ option }) => {
    expect(option.description).toMatch(/^[a-z]/);
    expect(option.defaultValueDescription).toMatch(/./);
    expect(option.defaultValue).toBeUndefined();
  });

  it.each(flags)('$name sets a key that a recipe has', ({ path }) => {
    const tree = sourced(defaultRecipe, () => 'default');
    expect(partAt(tree, path.slice(0, -1))?.kind).toBe('map');
  });

  it.each([
    ['--epochs', 'passes over the training images', '10'],
    ['--mean', 'the mean of each colour in [0, 1]', "that of the teacher's card"],
  ])('%s says: %s (default: %s)', (name, help, usual) => {
    const option = flags.find((flag) => flag.name === name)?.option;
    expect(option).toMatchObject({ description: help, defaultValueDescription: usual });
  });
});
