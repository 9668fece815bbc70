import { Option } from 'commander';
import type { KeyPath } from '../files/checked-yaml.js';
import { lossesWithoutTeacher } from '../losses/loss-table.js';
import { defaultStage } from '../recipe/default-recipe.js';
import { recipeKeyAt } from '../recipe/recipe-keys.js';
import { coloursOf, numberOf, numbersOf } from './arguments.js';

/** A flag that sets one key of a recipe. What its help says is the description and the default of the key. */
export interface RecipeFlag {
  readonly option: Option;
  /** Of a stage the key in the first one. */
  readonly path: KeyPath;
  /** Whether the flag is of the only stage: it is refused where a recipe has several. */
  readonly ofOneStage: boolean;
}

type Parser = (flag: string) => (text: string) => unknown;

/** How a flag is declared beside the key that it sets. */
interface Declared {
  readonly parser?: Parser;
  /** In place of the default of the key. */
  readonly shownDefault?: string;
  /** Of a key of stages: later stages have it from the first, so that a recipe may have several; default false. */
  readonly inherited?: boolean;
}

/**
 * @param flags as commander declares them; where the value is a `<name>` the help lists the names that the key may have
 * @param key of the run, or with `stages[].` that of a stage
 */
export function recipeFlag(flags: string, key: string, declared: Declared = {}): RecipeFlag {
  const { inherited = false } = declared;
  const path = key.split('.').flatMap((part) => (part === 'stages[]' ? ['stages', 0] : [part]));
  return { option: keyOption(flags, key, declared), path, ofOneStage: path[0] === 'stages' && !inherited };
}

/** A flag with the description and the default of a key of a recipe. The parser leaves it unset where it is not given. */
export function keyOption(flags: string, key: string, { parser, shownDefault }: Declared = {}): Option {
  const { names, description, default: usual } = recipeKeyAt(key);
  const isListed = !flags.endsWith('<name>') || names.every((name) => description.includes(name));
  const text = isListed ? description : `${description}. One of ${names.join(', ')}`;
  const option = new Option(flags, text.charAt(0).toLowerCase() + text.slice(1));
  if (parser) option.argParser(parser(flags.split(' ')[0]));
  return option.default(undefined, shownDefault ?? (usual === 'false' ? 'off' : usual));
}

/** The flags of a run that set a key, in the order of the help. None has a default of the parser. */
export const recipeFlags = (): readonly RecipeFlag[] => [
  recipeFlag('--teacher <model>', 'stages[].teacher', {
    shownDefault: `none; every loss but ${lossesWithoutTeacher().join(' and ')} needs one`,
    inherited: true,
  }),
  recipeFlag('--cache <directory>', 'stages[].cache', { inherited: true }),
  recipeFlag('--views <n>', 'stages[].views', { parser: numberOf, inherited: true }),
  recipeFlag('--data <kind:folder>', 'data', {
    shownDefault: "$DISTILL_DATA, else the sample of the teacher's data set",
  }),
  recipeFlag('--skip-corrupt', 'skipCorrupt'),
  recipeFlag('--epochs <n>', 'stages[].epochs', { parser: numberOf }),
  recipeFlag('--batch-size <n>', 'stages[].batchSize', { parser: numberOf }),
  recipeFlag('--lr <x>', 'stages[].optimizer.lr', { parser: numberOf }),
  recipeFlag('--schedule <name>', 'stages[].schedule.name', {
    shownDefault: `${defaultStage.schedule.name}, at each ${defaultStage.schedule.per}`,
  }),
  recipeFlag('--milestones <n,n,…>', 'stages[].schedule.milestones', {
    parser: numbersOf,
    shownDefault: 'none',
  }),
  recipeFlag('--gammas <x,x,…>', 'stages[].schedule.gammas', { parser: numbersOf, shownDefault: 'none' }),
  recipeFlag('--weight-decay <x>', 'stages[].optimizer.weightDecay', { parser: numberOf }),
  recipeFlag('--clip-latent', 'stages[].optimizer.clipLatent'),
  recipeFlag('--seed <n>', 'seed', { parser: numberOf }),
  recipeFlag('--view-seed <n>', 'viewSeed', { parser: numberOf }),
  recipeFlag('--mean <r,g,b>', 'mean', { parser: coloursOf }),
  recipeFlag('--std <r,g,b>', 'std', { parser: coloursOf }),
  recipeFlag('--threads <n>', 'threads', { parser: numberOf }),
  recipeFlag('--provider <name>', 'provider'),
  recipeFlag('--backend <name>', 'backend'),
];
