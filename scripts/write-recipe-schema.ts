// Writes recipes/recipe.schema.json, by which editors complete and check recipes.
// usage: npm run docs:recipe-schema
import { writeFileSync } from 'node:fs';
import { recipeJsonSchema } from '../src/recipe/recipe-schema.js';

const path = new URL('../recipes/recipe.schema.json', import.meta.url);
writeFileSync(path, `${JSON.stringify(recipeJsonSchema(), null, 2)}\n`);
