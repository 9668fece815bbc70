import { describe, expect, it } from 'vitest';
import { resolveRecipe } from '../../src/recipe/resolve-recipe.js';

describe('a recipe of a full-precision network', () => {
  it.each<[sets: string[], message: string]>([
    [
      ['student.name=resnet20', 'stages[0].binary=weights'],
      "`sets: stages[0].binary=weights`: binary 'weights' is of a binary network, and resnet20 has full precision.",
    ],
    [
      ['student.name=resnet20', 'stages[0].signGradient=approxSign'],
      "`sets: stages[0].signGradient=approxSign`: the sign gradient 'approxSign' is of a binary network, and resnet20 has full precision.",
    ],
    [
      ['student.name=resnet20', 'stages[0].optimizer.name=bop'],
      "the optimizer 'bop' is of a binary network, and resnet20 has full precision.",
    ],
    [
      ['student.name=resnet20', 'stages[0].optimizer.clipLatent=true'],
      'the clipping of latent weights is of a binary network, and resnet20 has full precision.',
    ],
    [
      ['student.name=bnn-resnet20', 'stages[0].activation=leakyClip'],
      "`sets: stages[0].activation=leakyClip`: the activation 'leakyClip' is of a full-precision network, and bnn-resnet20 is binary.",
    ],
  ])('%j is refused', async (sets, message) => {
    await expect(resolveRecipe({ sets })).rejects.toThrow(message);
  });

  it('has an activation that later stages take over', async () => {
    const { recipe } = await resolveRecipe({ recipe: 'teach-cifar10' });
    expect(recipe.stages.map(({ activation, initFrom }) => [activation, initFrom])).toEqual([
      ['relu', 'random'],
      ['leakyClip', 'previous'],
      ['hardClamp', 'previous'],
    ]);
    const sets = [
      'student.name=resnet20',
      'stages=[{name: a, activation: leakyClip, losses: {crossEntropy: {weight: 1, epsilon: 0}}}, {name: b}]',
    ];
    const { recipe: inherited } = await resolveRecipe({ sets });
    expect(inherited.stages.map(({ activation }) => activation)).toEqual(['leakyClip', 'leakyClip']);
  });
});
