import type { LossSetting } from '../../src/losses/loss-settings.js';
import { defaultRecipe, defaultStage } from '../../src/recipe/default-recipe.js';
import type { Recipe, Stage } from '../../src/recipe/recipe.js';
import { distill, type RunOptions } from '../../src/run/run.js';
import type { RunEvent, RunSummary } from '../../src/run/run-events.js';

/** Settings of a run of one stage; what is left out is as by default. */
export interface OneStage extends Partial<
  Pick<Recipe, 'data' | 'seed' | 'viewSeed' | 'threads' | 'backend' | 'mean' | 'std'> &
    Pick<Stage, 'teacher' | 'cache' | 'views' | 'epochs' | 'batchSize'>
> {
  readonly student?: string;
  readonly lr?: number;
  readonly losses?: readonly LossSetting[];
}

/** Its recipe, with further changes of the stage. */
export function oneStage(
  { student, lr, losses, teacher, cache, views, epochs, batchSize, ...top }: OneStage,
  change: Partial<Stage> = {},
): Recipe {
  const given = { teacher, cache, views, epochs, batchSize };
  const stage = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const terms = losses?.map(({ name, weight, options }) => [name, { weight, ...options }] as const);
  return {
    ...defaultRecipe,
    // Narrow, since these tests are of runs and not of networks.
    student: { ...defaultRecipe.student, name: student ?? 'bnn-resnet20', width: 0.25 },
    ...top,
    stages: [
      {
        ...defaultStage,
        ...stage,
        ...(lr === undefined ? {} : { optimizer: { ...defaultStage.optimizer, lr } }),
        ...(terms ? { losses: Object.fromEntries(terms) } : {}),
        ...change,
      },
    ],
  };
}

/** Runs a recipe to its end. */
export async function runToEnd(recipe: Recipe, options: RunOptions): Promise<[RunEvent[], RunSummary]> {
  return eventsOf(distill(recipe, options));
}

/** What a run tells, and its summary. */
export async function eventsOf(run: AsyncGenerator<RunEvent, RunSummary>): Promise<[RunEvent[], RunSummary]> {
  const events: RunEvent[] = [];
  for (;;) {
    const next = await run.next();
    if (next.done) return [events, next.value];
    events.push(next.value);
  }
}
