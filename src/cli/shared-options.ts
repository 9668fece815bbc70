import { Option } from 'commander';
import { defaultCheckpointSeconds } from '../run/run.js';
import { defaultRecipe } from '../recipe/default-recipe.js';
import { coloursOf, numberOf } from './arguments.js';

/** The flags that training and `cache` have in common, each declared here alone. */
export const sharedOptions = {
  skipCorrupt: (): Option =>
    new Option(
      '--skip-corrupt',
      'decode every image of an imagefolder once before the work, and leave out those that cannot be (default: off, such an image ends the work)',
    ),
  viewSeed: (): Option =>
    new Option('--view-seed <n>', 'keys the augmentation of each view')
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
  mean: (): Option =>
    new Option('--mean <r,g,b>', "mean of each colour in [0, 1] (default: the teacher's card's)").argParser(
      coloursOf('--mean'),
    ),
  std: (): Option =>
    new Option(
      '--std <r,g,b>',
      "standard deviation of each colour (default: the teacher's card's)",
    ).argParser(coloursOf('--std')),
  /** @param whose what runs in them, as `the teacher` */
  threads: (whose: string): Option =>
    new Option('--threads <n>', `threads of ${whose}`)
      .argParser(numberOf('--threads'))
      .default(defaultRecipe.threads),
  provider: (): Option =>
    new Option(
      '--provider <auto|cpu|cuda|webgpu>',
      'where ONNX Runtime runs the teacher; auto tries cuda, webgpu, cpu',
    ).default(defaultRecipe.provider),
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
