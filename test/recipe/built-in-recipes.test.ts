import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkRunnable } from '../../src/recipe/check-recipe.js';
import { builtInRecipes } from '../../src/recipe/recipe-file.js';
import { resolveRecipe } from '../../src/recipe/resolve-recipe.js';
import { toYaml } from '../../src/recipe/to-yaml.js';
import { scratchFolder } from '../files/scratch.js';

const folder = scratchFolder();
const names = await builtInRecipes();

describe('built-in recipes', () => {
  it.each(names)('%s resolves, says what it is, and is what its YAML resolves to', async (name) => {
    const { recipe } = await resolveRecipe({ recipe: name });
    for (const key of ['description', 'reference', 'measured'] as const) expect(recipe[key]).not.toBe('');
    const teacher = recipe.stages[0].teacher ?? 'cifar10-resnet20';
    const stages = recipe.stages.map((stage) => ({ ...stage, teacher: stage.teacher ?? teacher }));
    expect(() => checkRunnable({ ...recipe, data: 'cifar10-sample', stages })).not.toThrow();
    const written = join(folder, `${name}.yaml`);
    writeFileSync(written, toYaml(recipe));
    expect((await resolveRecipe({ recipe: written })).recipe).toEqual(recipe);
  });

  const steps = (milestones: number[], gamma: number): object => ({
    name: 'step',
    milestones,
    gammas: milestones.map(() => gamma),
  });

  // Learning rate, weight decay, epochs, what is binary, and the schedule, stage by stage.
  it.each<
    [name: string, stages: [lr: number, decay: number, epochs: number, binary: string, schedule: object][]]
  >([
    [
      'cifar100-two-stage',
      [
        [1e-3, 1e-5, 350, 'activations', steps([150, 250, 320], 0.2)],
        [2e-4, 0, 350, 'both', steps([150, 250, 320], 0.2)],
      ],
    ],
    [
      'imagenet-two-stage',
      [
        [1e-3, 1e-5, 75, 'activations', steps([40, 60, 70], 0.1)],
        [2e-4, 0, 75, 'both', steps([40, 60, 70], 0.1)],
      ],
    ],
    [
      'imagenet-one-stage',
      [[4e-3, 0, 75, 'both', { ...steps([40, 60, 70], 0.1), warmup: { epochs: 5, start: 0.25 } }]],
    ],
    ['label-refinery', [[0.01, 0, 200, 'both', steps([140, 170], 0.1)]]],
    [
      'reactnet-two-step',
      [
        [2.5e-3, 1e-5, 128, 'activations', { name: 'linear', per: 'epoch' }],
        [2.5e-3, 0, 128, 'both', { name: 'linear', per: 'epoch' }],
      ],
    ],
  ])('%s has the rates, decays and milestones that its source prescribes', async (name, prescribed) => {
    const { recipe } = await resolveRecipe({ recipe: name });
    expect(
      recipe.stages.map(({ optimizer: { lr, weightDecay = 0 }, epochs, binary, schedule }) => [
        lr,
        weightDecay,
        epochs,
        binary,
        schedule,
      ]),
    ).toMatchObject(prescribed);
  });

  it('take the center loss in the last stage only, at a rate of 0.5', async () => {
    const { recipe } = await resolveRecipe({ recipe: 'cifar100-two-stage' });
    expect(recipe.stages.map(({ losses }) => losses['center'])).toEqual([
      { weight: 0, rate: 0.5 },
      { weight: 1, rate: 0.5 },
    ]);
  });
});
