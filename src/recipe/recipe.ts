import type { z } from 'zod';
import type { Immutable } from '../files/setting-types.js';
import type { recipeSchema } from './recipe-schema.js';

export type { LossTermSettings } from './loss-schema.js';

/**
 * Everything that decides a run, every setting with its value. Only the name of the run directory is not in it. The keys are
 * described in `recipe-schema.ts` and in docs/recipes.md.
 */
export type Recipe = Immutable<z.output<ReturnType<typeof recipeSchema>>>;

/** The network that is trained. */
export type StudentSettings = Recipe['student'];

/** One stage of training. In a recipe's text a stage says what differs from the stage before it. */
export type Stage = Recipe['stages'][number];

/** What is logged of each layer beside the losses. */
export type StatisticsSettings = Stage['statistics'];
