import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { recipeJsonSchema } from '../../src/recipe/recipe-schema.js';

it('recipe.schema.json is the schema as it is (npm run docs:recipe-schema writes it anew)', () => {
  const path = new URL('../../recipes/recipe.schema.json', import.meta.url);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(JSON.parse(JSON.stringify(recipeJsonSchema())));
});

it('knows the keys of stages, also of those that change others', () => {
  const { properties } = recipeJsonSchema() as {
    properties: { stages: { anyOf: { items?: object; additionalProperties?: object }[] } };
  };
  const [list, changes] = properties.stages.anyOf;
  for (const stage of [list.items, changes.additionalProperties])
    expect(Object.keys((stage as { properties: object }).properties)).toContain('signGradient');
});
