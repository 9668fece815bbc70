import type { Command } from 'commander';
import { originLines, toYaml } from '../recipe/to-yaml.js';
import { inFlags } from './fields-as-flags.js';
import { showFirst } from './help.js';
import { addRecipeOptions, type RecipeFlags, recipeOf } from './recipe-options.js';

interface ConfigFlags extends RecipeFlags {
  readonly origin?: boolean;
}

/** Adds `distill config`. */
export function addConfigCommand(program: Command): void {
  const config = program
    .command('config')
    .description('Prints every setting of a recipe. It is YAML that runs as it is.')
    .argument('[recipe]', 'a built-in recipe or a file (default: the defaults of a run)')
    .option('--origin', 'one line for each setting, with where it comes from');
  addRecipeOptions(config);
  config.action(async (name: string | undefined, flags: ConfigFlags) => {
    const { recipe, tree } = await recipeOf(name, flags);
    const text =
      flags.origin === true
        ? `${originLines(tree, (origin) => inFlags(origin, config)).join('\n')}\n`
        : toYaml(recipe);
    process.stdout.write(text);
  });
  showFirst(config, {
    'What to print:': ['--origin'],
    'What to change:': [
      '--set',
      '--student',
      '--teacher',
      '--data',
      '--epochs',
      '--batch-size',
      '--lr',
      '--loss',
    ],
  });
}
