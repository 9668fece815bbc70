import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { InputError } from '../errors.js';
import { fullPrecisionNames, isFullPrecision } from '../models/create-network.js';
import { checkRunnable } from '../recipe/check-recipe.js';
import type { Recipe } from '../recipe/recipe.js';
import { distill } from '../run/run.js';
import { bestOf, folderOf, generationsOf } from '../run/stage-generations.js';
import { exportAndPrint } from './export-command.js';
import { followRun, type ShownAs } from './follow-run.js';
import { showFirst } from './help.js';
import { addRecipeOptions, type RecipeFlags, recipeOf, withData } from './recipe-options.js';
import { unknownName } from '../unknown-name.js';
import { acceptOldName } from './renamed-flag.js';
import { sharedOptions } from './shared-options.js';

const defaultTeaching = 'teach-cifar10';

interface TeachFlags extends RecipeFlags, ShownAs {
  readonly recipe: string;
  readonly student?: string;
  readonly out?: string;
  readonly checkpointSeconds: number;
}

/** Adds `distill teach`. */
export function addTeachCommand(program: Command, signal: AbortSignal): void {
  const command = program
    .command('teach')
    .description(
      'Trains a full-precision network and makes it a teacher. The best epoch of each stage becomes an ONNX model with its card.',
    )
    .option('--recipe <name|file>', 'a recipe of a full-precision network', defaultTeaching);
  const names = fullPrecisionNames.join(', ');
  const network = new Option('--student <name>', `the network, as resnet20. One of ${names}`).default(
    undefined,
    "the recipe's",
  );
  addRecipeOptions(command, network);
  acceptOldName(command, '--model', network);
  command
    .addOption(sharedOptions.runDirectory())
    .addOption(sharedOptions.checkpointSeconds())
    .addOption(sharedOptions.quiet())
    .addOption(sharedOptions.json())
    .action((flags: TeachFlags) => teach(flags, signal));
  showFirst(command, {
    'What to train:': ['--student', '--data', '--recipe', '--out'],
    'How to train:': ['--epochs', '--batch-size', '--lr', '--loss', '--set'],
  });
}

async function teach(flags: TeachFlags, signal: AbortSignal): Promise<void> {
  if (flags.student !== undefined && !isFullPrecision(flags.student))
    throw unknownName('network', flags.student, fullPrecisionNames);
  const { recipe: resolved } = await recipeOf(flags.recipe, flags);
  const { name } = resolved.student;
  if (!isFullPrecision(name))
    throw new InputError(
      `distill teach trains full-precision networks, and that of ${flags.recipe} is '${name}'.`,
      { fix: `name one with --student: ${fullPrecisionNames.join(', ')}` },
    );
  if (resolved.data !== '') checkRunnable(resolved);
  const recipe = await withData(resolved);
  const { out, checkpointSeconds, quiet = false, json = false } = flags;
  const run = distill(recipe, { signal, out, checkpointSeconds });
  const { directory } = await followRun(recipe, run, { signal, quiet, json });
  for (const settings of exportsOf(recipe, directory))
    await exportAndPrint({ ...recipe, ...settings }, { signal, json });
}

/** The best network of each stage, and where its model goes: `<model>.onnx`, with the stage in its name where there are several. */
function exportsOf(recipe: Recipe, directory: string): { checkpoint: string; out: string }[] {
  const generations = generationsOf(recipe);
  return generations.map((generation) => ({
    checkpoint: bestOf(directory, generation),
    out: join(
      directory,
      `${recipe.student.name}${generations.length > 1 ? `-${folderOf(generation)}` : ''}.onnx`,
    ),
  }));
}
