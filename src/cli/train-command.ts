import type { Command } from 'commander';
import { formatShare } from '../training/accuracy.js';
import { distil } from '../training/run.js';
import type { RunSummary } from '../training/run-events.js';
import { checkRunnable } from '../recipe/check-recipe.js';
import { addRecipeOptions, type RecipeFlags, recipeOf, withData } from './recipe-options.js';
import { TrainingProgress } from './training-progress.js';

interface TrainFlags extends RecipeFlags {
  readonly recipe?: string;
  readonly out?: string;
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
    .action((flags: TrainFlags) => train(flags, signal));
}

async function train(flags: TrainFlags, signal: AbortSignal): Promise<void> {
  const { recipe: resolved } = await recipeOf(flags.recipe, flags);
  if (resolved.student.name === '' || resolved.data !== '') checkRunnable(resolved);
  const { teacher } = resolved.stages[0];
  const by = flags.recipe === undefined ? '' : ` --recipe ${flags.recipe}`;
  const typed = `distill${by}${teacher === null ? '' : ` --teacher ${teacher}`} --student ${resolved.student.name}`;
  const recipe = await withData(resolved, typed);
  const progress = new TrainingProgress(process.stdout, recipe);
  const run = distil(recipe, { signal, out: flags.out });
  try {
    for (;;) {
      const next = await run.next();
      if (next.done) {
        progress.stop();
        printSummary(next.value);
        return;
      }
      progress.show(next.value);
    }
  } finally {
    progress.stop();
  }
}

function printSummary({ directory, bestEpoch, validation, test, seconds }: RunSummary): void {
  const lines = [
    `student  test top-1 ${formatShare(test.student.top1, test.student.total)}, of epoch ${bestEpoch}, the best on validation (${formatShare(validation.top1, validation.total)})`,
  ];
  if (test.teacher) lines.push(`teacher  test top-1 ${formatShare(test.teacher.top1, test.teacher.total)}`);
  lines.push(`time     ${seconds.toFixed(1)} s`, `run      ${directory}`);
  process.stdout.write(`${lines.join('\n')}\n`);
}
