import type { Command } from 'commander';
import { distil } from '../training/run.js';
import { checkRunnable } from '../recipe/check-recipe.js';
import { followRun, type ShownAs } from './follow-run.js';
import { addRecipeOptions, type RecipeFlags, recipeOf, withData } from './recipe-options.js';
import { sharedOptions } from './shared-options.js';

interface TrainFlags extends RecipeFlags, ShownAs {
  readonly recipe?: string;
  readonly out?: string;
  readonly checkpointSeconds: number;
  readonly teacher?: string;
}

/** Makes training the default command. */
export function addTrainOptions(program: Command, signal: AbortSignal): void {
  program.option(
    '--recipe <name|file>',
    'a recipe: the name of a built-in one (distill recipes lists them) or a YAML file (default: one stage with the defaults below)',
  );
  addRecipeOptions(program);
  program
    .option('--out <directory>', 'the run directory (default: runs/<student>-<n>)')
    .addOption(sharedOptions.checkpointSeconds())
    .addOption(sharedOptions.quiet())
    .addOption(sharedOptions.json())
    .action((flags: TrainFlags) => train(flags, signal));
}

async function train(flags: TrainFlags, signal: AbortSignal): Promise<void> {
  const { recipe: resolved } = await recipeOf(flags.recipe, flags);
  if (resolved.student.name === '' || resolved.data !== '') checkRunnable(resolved);
  const { teacher } = resolved.stages[0];
  const by = flags.recipe === undefined ? '' : ` --recipe ${flags.recipe}`;
  const typed = `distill${by}${teacher === null ? '' : ` --teacher ${teacher}`} --student ${resolved.student.name}`;
  const recipe = await withData(resolved, typed);
  const { out, checkpointSeconds, quiet = false, json = false } = flags;
  await followRun(recipe, distil(recipe, { signal, out, checkpointSeconds }), { signal, quiet, json });
}
