import type { Command } from 'commander';
import { plainOf } from '../recipe/sourced.js';
import { builtInRecipes, readRecipe } from '../recipe/recipe-file.js';
import type { Recipe } from '../recipe/recipe.js';
import { resolveRecipe } from '../recipe/resolve-recipe.js';
import { stageLosses } from '../recipe/stage-losses.js';
import { isWeighed } from '../losses/loss-weight.js';

/** Adds `distill recipes`. */
export function addRecipesCommand(program: Command): void {
  program
    .command('recipes')
    .description('Lists the built-in recipes, or explains one.')
    .argument('[name]', 'a built-in recipe, or the file of another')
    .action(async (name: string | undefined) => {
      const lines =
        name === undefined ? await listing() : explained((await resolveRecipe({ recipe: name })).recipe);
      process.stdout.write(`${lines.join('\n')}\n`);
    });
}

async function listing(): Promise<string[]> {
  const names = await builtInRecipes();
  const width = Math.max(...names.map((name) => name.length));
  return Promise.all(
    names.map(async (name) => {
      const { description = '' } = plainOf(await readRecipe(name)) as Partial<Recipe>;
      return `${name.padEnd(width)}  ${description}`;
    }),
  );
}

function explained({ description, reference, published, measured, stages }: Recipe): string[] {
  const said = Object.entries({ description, reference, published, measured }).filter(
    ([, text]) => text !== '',
  );
  return [
    ...said.map(([key, text]) => `${key.padEnd(11)}  ${text}`),
    ...stages.flatMap((stage) => {
      const { name, epochs, generations, binary, optimizer, schedule, batchSize, teacher, initFrom } = stage;
      const losses = stageLosses(stage).filter(({ weight }) => isWeighed(weight));
      const terms = losses.map(
        ({ name: term, weight }) =>
          `${term} ${typeof weight === 'number' ? weight : `${weight.from} to ${weight.to}`}`,
      );
      return [
        '',
        `stage        ${name}`,
        `epochs       ${epochs}${generations > 1 ? `, ${generations} generations` : ''}, batches of ${batchSize}`,
        `binary       ${binary}`,
        `begins       ${initFrom}`,
        `optimizer    ${optimizer.name ?? 'adam'}, lr ${optimizer.lr}, weight decay ${optimizer.weightDecay ?? 0}`,
        `schedule     ${schedule.name ?? 'cosine'}${schedule.milestones ? ` at ${schedule.milestones.join(', ')}` : ''}${schedule.warmup ? `, warm-up of ${schedule.warmup.epochs} epochs` : ''}`,
        `teacher      ${teacher ?? 'to be named with --teacher, if a loss needs one'}`,
        `losses       ${terms.join(', ')}`,
      ];
    }),
  ];
}
