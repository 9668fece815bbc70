import { type Command, Option } from 'commander';
import { defaultRunData } from '../cache/default-run-data.js';
import { InputError } from '../errors.js';
import type { KeyPath } from '../files/checked-yaml.js';
import { parseLossFlag } from '../losses/loss-settings.js';
import { defaultTerms, lossTable } from '../losses/loss-table.js';
import { studentNames } from '../models/create-network.js';
import { checkRecipe } from '../recipe/check-recipe.js';
import type { Recipe } from '../recipe/recipe.js';
import { type FlagSetting, resolveRecipe, type ResolvedRecipe } from '../recipe/resolve-recipe.js';
import { gather } from './arguments.js';
import { type RecipeFlag, recipeFlags } from './recipe-flags.js';
import { sharedOptions } from './shared-options.js';

/** The flags that stand for settings of a recipe, as the parser gives them. */
export interface RecipeFlags {
  readonly set?: string[];
  readonly loss?: string[];
  readonly [flag: string]: unknown;
}

/** The flags that set a key, by the name that the parser gives them. */
const flagByName = new Map<string, Pick<RecipeFlag, 'path' | 'ofOneStage'>>([
  ...recipeFlags().map((flag) => [flag.option.attributeName(), flag] as const),
  ['student', { path: ['student', 'name'], ofOneStage: false }],
]);

/** The setting of a recipe that a flag stands for, by the flag's name in camel case. */
export function pathOfFlag(name: string): KeyPath | undefined {
  return flagByName.get(name)?.path;
}

/**
 * Adds the flags of a run. None has a default of the parser: what was not given is the recipe's.
 *
 * @param student the flag that names the network
 */
export function addRecipeOptions(command: Command, student: Option = studentOption()): void {
  const losses = lossTable()
    .map(({ name }) => name)
    .join(', ');
  for (const { option } of recipeFlags()) command.addOption(option);
  command
    .addOption(student)
    .addOption(
      new Option(
        '--loss <name=weight>',
        `a term of the loss, as kl=1,T=4. Once for each term; one of ${losses}`,
      )
        .argParser(gather)
        .default(undefined, defaultTerms()),
    )
    .addOption(sharedOptions.set('student.width=2'));
}

function studentOption(): Option {
  const names = studentNames.join(', ');
  return new Option('--student <name>', `the binary student, as bnn-resnet20. One of ${names}`).default(
    undefined,
    "the recipe's",
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
    const known = flagByName.get(name);
    if (known) (known.ofOneStage ? stage : run).push({ flag, path: known.path, value });
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
