import { type Command, Option } from 'commander';
import { distill } from '../run/run.js';
import { checkRunnable } from '../recipe/check-recipe.js';
import { RunError } from '../errors.js';
import type { Recipe } from '../recipe/recipe.js';
import { dryRun } from '../run/dry-run.js';
import { overfitBatches } from '../run/overfit-batches.js';
import { numberOf } from './arguments.js';
import { duration } from './duration.js';
import { inFlags } from './fields-as-flags.js';
import { followRun, type ShownAs } from './follow-run.js';
import { showFirst } from './help.js';
import { addRecipeOptions, type RecipeFlags, recipeOf, withData } from './recipe-options.js';
import { sharedOptions } from './shared-options.js';

interface TrainFlags extends RecipeFlags, ShownAs {
  readonly recipe?: string;
  readonly out?: string;
  readonly checkpointSeconds: number;
  readonly teacher?: string;
  readonly dryRun?: boolean;
  readonly overfitBatches?: number;
}

/** Makes training the default command. */
export function addTrainOptions(program: Command, signal: AbortSignal): void {
  program.addOption(
    new Option('--recipe <name|file>', 'a built-in recipe (see distill recipes) or a YAML file').default(
      undefined,
      'one stage with the defaults below',
    ),
  );
  addRecipeOptions(program);
  program
    .addOption(sharedOptions.runDirectory())
    .addOption(sharedOptions.checkpointSeconds())
    .option(
      '--dry-run',
      'try two steps of each stage, evaluation and checkpoint, and forecast time, memory and disk. It leaves nothing behind',
    )
    .option(
      '--overfit-batches <n>',
      'train the first stage on n batches until it knows them by heart, and say whether it does. It does so without augmentation and leaves nothing behind',
      numberOf('--overfit-batches'),
    )
    .addOption(sharedOptions.quiet())
    .addOption(sharedOptions.json())
    .action((flags: TrainFlags, command: Command) => train(flags, command, signal));
  showFirst(program, {
    'What to train:': ['--teacher', '--student', '--data', '--recipe', '--out'],
    'How to train:': ['--epochs', '--batch-size', '--lr', '--loss', '--set'],
  });
}

async function train(flags: TrainFlags, command: Command, signal: AbortSignal): Promise<void> {
  const { recipe: resolved } = await recipeOf(flags.recipe, flags);
  if (resolved.student.name === '' || resolved.data !== '') checkRunnable(resolved);
  const recipe = await withData(resolved);
  const { out, checkpointSeconds, quiet = false, json = false, overfitBatches: batches } = flags;
  if (flags.dryRun === true) return printForecast(recipe, signal);
  if (batches !== undefined) return printVerdict(recipe, batches, command, signal);
  await followRun(recipe, distill(recipe, { signal, out, checkpointSeconds }), { signal, quiet, json });
}

/** What a trial comes to, without a word of its steps. */
async function endOf<Result>(trial: AsyncGenerator<unknown, Result>): Promise<Result> {
  for (;;) {
    const next = await trial.next();
    if (next.done) return next.value;
  }
}

async function printForecast(recipe: Recipe, signal: AbortSignal): Promise<void> {
  const { steps, evaluations, seconds, memoryMiB, diskBytes } = await endOf(dryRun(recipe, { signal }));
  const count = (value: number): string => value.toLocaleString('en-US');
  const lines = [
    'tried    two steps of each stage, evaluation, checkpoint and reading it back: all work; nothing was left',
    `time     about ${duration(seconds)}: ${count(steps)} steps and ${count(evaluations)} evaluations`,
    `memory   ${count(memoryMiB)} MiB`,
    `disk     ${(diskBytes / 1e6).toFixed(1)} MB`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** @throws RunError if the batches were not learned */
async function printVerdict(
  recipe: Recipe,
  batches: number,
  command: Command,
  signal: AbortSignal,
): Promise<void> {
  const verdict = await endOf(overfitBatches(recipe, batches, { signal }));
  const { learned, top1Percent, firstLoss, lastLoss, cause } = verdict;
  const lines = [
    `batches  ${batches} of ${recipe.stages[0].batchSize}, without augmentation`,
    `top-1    ${top1Percent.toFixed(2)} % of these images in the last epoch`,
    `loss     ${firstLoss.toFixed(4)} at first, ${lastLoss.toFixed(4)} at last`,
    `verdict  ${inFlags(cause, command)}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  if (learned) return;
  throw new RunError(
    `the student did not learn ${batches} ${batches === 1 ? 'batch' : 'batches'} by heart.`,
    {
      fix: 'see the verdict above, and docs/stuck.md',
    },
  );
}
