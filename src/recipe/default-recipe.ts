import type { Recipe, Stage } from './recipe.js';
import { recipeSchema } from './recipe-schema.js';

/** What a recipe has unless it says otherwise. Data and student have no default. */
export const defaultRecipe: Recipe = recipeSchema().parse({});

/** What a stage has unless it, or a stage before it, says otherwise. */
export const defaultStage: Stage = defaultRecipe.stages[0];
