import { type Command, Option } from 'commander';
import { backendNames } from '../backends/use-backend.js';
import { defaultRunData } from '../cache/default-run-data.js';
import { InputError } from '../errors.js';
import type { KeyPath } from '../files/checked-yaml.js';
import { parseLossFlag } from '../losses/loss-settings.js';
import { lossesWithoutTeacher, lossFlagSummary } from '../losses/loss-table.js';
import { studentNames } from '../models/create-network.js';
import { checkRecipe } from '../recipe/check-recipe.js';
import { defaultRecipe, defaultStage } from '../recipe/default-recipe.js';
import type { Recipe } from '../recipe/recipe.js';
import { type FlagSetting, resolveRecipe, type ResolvedRecipe } from '../recipe/resolve-recipe.js';
import { scheduleNames } from '../optim/schedules/create-schedule.js';
import { gather, numberOf, numbersOf } from './arguments.js';
import { sharedOptions, unsetByDefault } from './shared-options.js';

/** The flags that stand for settings of a recipe, as the parser gives them. */
export interface RecipeFlags {
  readonly set?: string[];
  readonly loss?: string[];
  readonly [flag: string]: unknown;
}

/** Where each flag acts: for the whole run, or in its only stage. */
const runPaths: Readonly<Record<string, KeyPath | undefined>> = {
  data: ['data'],
  student: ['student', 'name'],
  model: ['student', 'name'],
  skipCorrupt: ['skipCorrupt'],
  seed: ['seed'],
  viewSeed: ['viewSeed'],
  threads: ['threads'],
  provider: ['provider'],
  backend: ['backend'],
  mean: ['mean'],
  std: ['std'],
  // Later stages have them from the first, unless they name their own.
  teacher: ['stages', 0, 'teacher'],
  cache: ['stages', 0, 'cache'],
  views: ['stages', 0, 'views'],
};
const stagePaths: Readonly<Record<string, KeyPath | undefined>> = {
  epochs: ['epochs'],
  batchSize: ['batchSize'],
  lr: ['optimizer', 'lr'],
  weightDecay: ['optimizer', 'weightDecay'],
  clipLatent: ['optimizer', 'clipLatent'],
  schedule: ['schedule', 'name'],
  milestones: ['schedule', 'milestones'],
  gammas: ['schedule', 'gammas'],
};

/** The setting of a recipe that a flag stands for, by the flag's name in camel case. */
export function pathOfFlag(name: string): KeyPath | undefined {
  const ofStage = stagePaths[name];
  return ofStage ? ['stages', 0, ...ofStage] : runPaths[name];
}

function studentOption(): Option {
  return new Option(
    '--student <name>',
    `the binary student: ${studentNames.join(', ')} (default: the recipe's; required without one)`,
  );
}

/**
 * Adds the flags of a run. None has a default of the parser: what was not given is the recipe's.
 *
 * @param network the flag that names the network; default the student's
 */
export function addRecipeOptions(command: Command, network: Option = studentOption()): void {
  const { optimizer } = defaultStage;
  const shown = (value: unknown): string => `(default: ${String(value)})`;
  command
    .option(
      '--set <path=value>',
      'set one key of the recipe, as stages[0].optimizer.lr=2e-3; once for each (default: none)',
      gather,
    )
    .option(
      '--teacher <model.onnx|card.yaml[,…]|cache>',
      `the teacher: an ONNX model, or its card; of several with commas between them the mean of the logits, and the feature maps of the first; or the directory of a cache (default: none; every loss but ${lossesWithoutTeacher().join(' and ')} needs one)`,
    )
    .option(
      '--cache <directory>',
      "store the teacher's answers there, and read those that are there already (default: none)",
    )
    .option(
      '--views <n>',
      'views of each image; epoch e shows view e mod n (default: those of the cache, else one an epoch)',
      numberOf('--views'),
    )
    .addOption(network)
    .option(
      '--data <kind:folder>',
      "the data: cifar10:<folder>, cifar100:<folder>, imagefolder:<folder> or cifar10-sample (default: $DISTILL_DATA, else the sample of the teacher's data set)",
    )
    .addOption(sharedOptions.skipCorrupt())
    .option(
      '--epochs <n>',
      `passes over the training images ${shown(defaultStage.epochs)}`,
      numberOf('--epochs'),
    )
    .option('--batch-size <n>', `images of a step ${shown(defaultStage.batchSize)}`, numberOf('--batch-size'))
    .option('--lr <x>', `initial learning rate ${shown(optimizer.lr)}`, numberOf('--lr'))
    .option(
      '--schedule <name>',
      `the learning rate over the epochs: ${scheduleNames.join(', ')} ${shown(`${defaultStage.schedule.name}, at each step`)}`,
    )
    .option(
      '--milestones <n,n,…>',
      'epochs, counted from 0, at whose start the schedule step acts (default: none)',
      numbersOf('--milestones'),
    )
    .option('--gammas <x,x,…>', 'its factors, one for each milestone (default: none)', numbersOf('--gammas'))
    .option(
      '--weight-decay <x>',
      `added to the gradient as x·w, for tensors of rank 2 and more ${shown(optimizer.weightDecay)}`,
      numberOf('--weight-decay'),
    )
    .option('--clip-latent', 'clip latent weights to [-1, 1] after each step (default: off)')
    .option(
      '--loss <name=weight[,option=value]>',
      `a loss term, once for each (${lossFlagSummary()})`,
      gather,
    )
    .option(
      '--seed <n>',
      `keys initialisation and shuffling ${shown(defaultRecipe.seed)}`,
      numberOf('--seed'),
    )
    .addOption(unsetByDefault(sharedOptions.viewSeed()))
    .addOption(sharedOptions.mean())
    .addOption(sharedOptions.std())
    .addOption(unsetByDefault(sharedOptions.threads('student and teacher')))
    .addOption(unsetByDefault(sharedOptions.provider()))
    .option(
      '--backend <name>',
      `where the student trains: ${backendNames.join(', ')} ${shown(defaultRecipe.backend)}`,
    );
}

/**
 * The recipe that flags describe.
 *
 * @param recipe the name of a built-in recipe or a path; undefined for the defaults of a run
 */
export async function recipeOf(recipe: string | undefined, flags: RecipeFlags): Promise<ResolvedRecipe> {
  const { run, stage } = settingsOf(flags);
  const resolved = await resolveRecipe({ recipe, sets: flags.set ?? [], flags: [...run, ...stage] });
  const { stages } = resolved.recipe;
  const [first] = stage;
  if (stages.length > 1 && first) {
    throw new InputError(`${first.flag} is of one stage, and the recipe has ${stages.length}.`, {
      fix: `say in which: --set stages[0].${first.path.slice(2).join('.')}=…`,
    });
  }
  return resolved;
}

/** The recipe of a run: with data where none is named. */
export async function withData(recipe: Recipe): Promise<Recipe> {
  if (recipe.data !== '') return recipe;
  const { teacher } = recipe.stages[0];
  const whole = { ...recipe, data: await defaultRunData(teacher ?? undefined) };
  checkRecipe(whole);
  return whole;
}

function settingsOf(flags: RecipeFlags): { run: FlagSetting[]; stage: FlagSetting[] } {
  const run: FlagSetting[] = [];
  const stage: FlagSetting[] = [];
  for (const [name, value] of Object.entries(flags)) {
    if (value === undefined) continue;
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    const path = pathOfFlag(name);
    if (path) (name in stagePaths ? stage : run).push({ flag, path, value });
  }
  const losses = new Map<string, string>();
  for (const text of flags.loss ?? []) {
    const { name, weight, options } = parseLossFlag(text);
    const earlier = losses.get(name);
    if (earlier !== undefined)
      throw new InputError(`loss ${name} is given twice: "${earlier}" and "${text}"`);
    losses.set(name, text);
    stage.push({ flag: '--loss', path: ['stages', 0, 'losses', name], value: { weight, ...options } });
  }
  return { run, stage };
}
