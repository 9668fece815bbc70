import { Option } from 'commander';
import type { KeyPath } from '../files/checked-yaml.js';
import { lossesWithoutTeacher } from '../losses/loss-table.js';
import { defaultRecipe, defaultStage } from '../recipe/default-recipe.js';
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
 * @param flags as commander declares them; after `<name>` the help lists the names that the key may have
 * @param key of the run, or with `stages[].` that of a stage
 */
export function recipeFlag(flags: string, key: string, declared: Declared = {}): RecipeFlag {
  const { parser, shownDefault, inherited = false } = declared;
  const { names, default: usual } = recipeKeyAt(key);
  const listed = flags.endsWith('<name>') ? `: ${names.join(', ')}` : '';
  const shown = shownDefault ?? (usual === 'false' ? 'off' : usual);
  const option = new Option(flags, `${keyHelp(key)}${listed} (default: ${shown})`);
  if (parser) option.argParser(parser(flags.split(' ')[0]));
  const path = key.split('.').flatMap((part) => (part === 'stages[]' ? ['stages', 0] : [part]));
  return { option, path, ofOneStage: path[0] === 'stages' && !inherited };
}

/** What the help says of a flag that sets a key: the first sentence of the key's description. */
export function keyHelp(key: string): string {
  const [sentence] = recipeKeyAt(key).description.split(/\. (?=[A-Z])/);
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

/** The flags of a run that set a key, in the order of the help. None has a default of the parser. */
export const recipeFlags = (): readonly RecipeFlag[] => [
  recipeFlag('--teacher <model.onnx|card.yaml[,…]|cache>', 'stages[].teacher', {
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
  recipeFlag('--threads <n>', 'threads', {
    parser: numberOf,
    shownDefault: String(defaultRecipe.threads),
  }),
  recipeFlag('--provider <auto|cpu|cuda|webgpu>', 'provider'),
  recipeFlag('--backend <name>', 'backend'),
];
