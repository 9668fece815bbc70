import { Option } from 'commander';
import { backendNames } from '../backends/use-backend.js';
import { defaultRecipe } from '../recipe/default-recipe.js';
import { recipeKeyAt } from '../recipe/recipe-keys.js';
import { defaultCheckpointSeconds } from '../run/run.js';
import { coloursOf, gather, numberOf } from './arguments.js';
import { keyOption } from './recipe-flags.js';

/** The flags that several commands have, each declared here alone. */
export const sharedOptions = {
  skipCorrupt: (): Option => keyOption('--skip-corrupt', 'skipCorrupt'),
  mean: (): Option => keyOption('--mean <r,g,b>', 'mean', { parser: coloursOf }),
  std: (): Option => keyOption('--std <r,g,b>', 'std', { parser: coloursOf }),
  viewSeed: (): Option =>
    keyOption('--view-seed <n>', 'viewSeed', { parser: numberOf }).default(defaultRecipe.viewSeed),
  provider: (): Option => keyOption('--provider <name>', 'provider').default(defaultRecipe.provider),
  /** @param shownDefault what is taken where no data are named */
  data: (shownDefault: string): Option => keyOption('--data <kind:folder>', 'data', { shownDefault }),
  /** @param key what may be set, as `student.width=2` */
  set: (key: string): Option =>
    new Option('--set <path=value>', `any key of the recipe, as ${key}. Once for each key`).argParser(gather),
  /** @param whose what runs in them, as `the teacher` */
  threads: (whose: string): Option =>
    new Option('--threads <n>', `threads of ${whose}`)
      .argParser(numberOf('--threads'))
      .default(defaultRecipe.threads, recipeKeyAt('threads').default),
  /** @param whose what runs there, as `the student` */
  backend: (whose: string): Option =>
    new Option('--backend <name>', `where ${whose} runs. One of ${backendNames.join(', ')}`).default(
      defaultRecipe.backend,
    ),
  runDirectory: (): Option =>
    new Option('--out <directory>', 'the run directory').default(undefined, 'runs/<student>-<n>'),
  checkpointSeconds: (): Option =>
    new Option('--checkpoint-seconds <n>', 'seconds from one checkpoint to the next within an epoch')
      .argParser(numberOf('--checkpoint-seconds'))
      .default(defaultCheckpointSeconds),
  quiet: (): Option => new Option('--quiet', 'print nothing but the end of the run, and errors'),
  json: (): Option => new Option('--json', 'print each event of the run, and its end, as a line of JSON'),
} as const;
