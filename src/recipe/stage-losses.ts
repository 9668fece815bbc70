import { knownLosses, type LossSetting } from '../losses/loss-settings.js';
import type { Stage } from './recipe.js';

/** The loss terms of a stage in the order in which they are reported. */
export function stageLosses({ losses }: Pick<Stage, 'losses'>): LossSetting[] {
  return knownLosses().map(({ name }) => {
    const { weight, ...options } = losses[name] ?? { weight: 0 };
    return { name, weight, options: options as LossSetting['options'] };
  });
}
