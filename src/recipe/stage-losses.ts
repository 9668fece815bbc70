import { knownLosses, type LossSetting } from '../losses/loss-settings.js';
import type { Recipe, Stage } from './recipe.js';

/** A recipe whose stages name every loss, also those of weight 0: read again, no stage takes one over from another. */
export function withAllLosses(recipe: Recipe): Recipe {
  const stages = recipe.stages.map((stage) => {
    const terms = stageLosses(stage).map(
      ({ name, weight, options }) => [name, { weight, ...options }] as const,
    );
    return { ...stage, losses: Object.fromEntries(terms) };
  });
  return { ...recipe, stages };
}

/** The loss terms of a stage in the order in which they are reported. */
export function stageLosses({ losses }: Pick<Stage, 'losses'>): LossSetting[] {
  return knownLosses().map(({ name }) => {
    const { weight, ...options } = losses[name] ?? { weight: 0 };
    return { name, weight, options: options as LossSetting['options'] };
  });
}
