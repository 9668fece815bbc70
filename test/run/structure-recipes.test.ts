import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { beforeAll, describe, expect, it } from 'vitest';
import { resolveRecipe } from '../../src/recipe/resolve-recipe.js';
import { backends } from '../backends.js';
import { tinyCifar, writeTinyCifar } from '../cli/tiny-cifar.js';
import { scratchFolder } from '../files/scratch.js';
import { runToEnd } from './one-stage.js';
import { structureOptions } from '../training/structure-options.js';

const folder = scratchFolder();
const data = join(folder, 'data');
const epochs = 4;
const steps = 5;

/** The `student:` of a recipe, beside its name. */
const students: readonly Readonly<Record<string, unknown>>[] = [
  ...structureOptions,
  { width: 0.5 },
  { batchNorm: { momentum: 0.05 } },
  { name: 'bnn-resnet50', width: 0.0625 },
  { name: 'bnn-vgg-small', width: 0.0625 },
];

beforeAll(() => writeTinyCifar(data));

describe.each(students)('a recipe with the student %j', (student) => {
  it(`trains ${epochs * steps} steps with a falling loss`, async () => {
    const recipe = {
      data: `cifar10:${data}`,
      threads: 2,
      backend: backends.at(-1),
      student: { name: 'bnn-resnet20', width: 0.25, ...student },
      stages: [
        {
          epochs,
          batchSize: Math.floor(tinyCifar.training / steps),
          optimizer: { lr: 5e-3 },
          losses: { crossEntropy: { weight: 1, epsilon: 0.1 } },
        },
      ],
    };
    const name = JSON.stringify(student).replaceAll(/\W/g, '');
    const file = join(folder, `recipe${name}.yaml`);
    writeFileSync(file, stringify(recipe));
    const resolved = await resolveRecipe({ recipe: file });
    const [events] = await runToEnd(resolved.recipe, { out: join(folder, `run${name}`) });
    const losses = events.flatMap((event) => (event.kind === 'step' ? [event.loss] : []));
    expect(losses).toHaveLength(epochs * steps);
    const mean = (part: number[]): number => part.reduce((sum, value) => sum + value, 0) / part.length;
    expect(mean(losses.slice(-steps))).toBeLessThan(mean(losses.slice(0, steps)));
  });
});
