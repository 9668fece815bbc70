import { Option } from 'commander';
import { defaultCheckpointSeconds } from '../run/run.js';
import { defaultRecipe } from '../recipe/default-recipe.js';
import { coloursOf, numberOf } from './arguments.js';
import { keyHelp, recipeFlag } from './recipe-flags.js';

/** The flags that training and `cache` have in common, each declared here alone. */
export const sharedOptions = {
  skipCorrupt: (): Option => recipeFlag('--skip-corrupt', 'skipCorrupt').option,
  viewSeed: (): Option =>
    new Option('--view-seed <n>', keyHelp('viewSeed'))
      .argParser(numberOf('--view-seed'))
      .default(defaultRecipe.viewSeed),
  checkpointSeconds: (): Option =>
    new Option('--checkpoint-seconds <n>', 'seconds from one checkpoint to the next within an epoch')
      .argParser(numberOf('--checkpoint-seconds'))
      .default(defaultCheckpointSeconds),
  quiet: (): Option =>
    new Option('--quiet', 'print nothing but the end of the run, and errors (default: off)'),
  json: (): Option =>
    new Option('--json', 'print each event of the run, and its end, as a line of JSON (default: off)'),
  mean: (): Option => recipeFlag('--mean <r,g,b>', 'mean', { parser: coloursOf }).option,
  std: (): Option => recipeFlag('--std <r,g,b>', 'std', { parser: coloursOf }).option,
  /** @param whose what runs in them, as `the teacher` */
  threads: (whose: string): Option =>
    new Option('--threads <n>', `threads of ${whose}`)
      .argParser(numberOf('--threads'))
      .default(defaultRecipe.threads),
  provider: (): Option =>
    new Option('--provider <auto|cpu|cuda|webgpu>', keyHelp('provider')).default(defaultRecipe.provider),
} as const;

/**
 * A flag that the parser leaves unset where it is not given, so that a recipe or a run may say otherwise.
 *
 * @param shown what the help says of the default; default that of the flag
 */
export function unsetByDefault(option: Option, shown = String(option.defaultValue)): Option {
  option.description += ` (default: ${shown})`;
  return option.default(undefined);
}
