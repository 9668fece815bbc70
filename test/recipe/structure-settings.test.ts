import { describe, expect, it } from 'vitest';
import { resolveRecipe } from '../../src/recipe/resolve-recipe.js';

describe('settings of the structure of a student', () => {
  it('stand in the resolved recipe', async () => {
    const sets = ['student={name: bnn-resnet20, groups: 4, firstLayer: binary, lastLayer: binary}'];
    const { recipe } = await resolveRecipe({ sets });
    expect(recipe.student).toMatchObject({ groups: 4, firstLayer: 'binary', lastLayer: 'binary', width: 1 });
    const { recipe: plain } = await resolveRecipe({ sets: ['student.name=bnn-resnet20'] });
    expect(plain.student).toMatchObject({ groups: 1, firstLayer: 'float', lastLayer: 'float' });
  });

  it('of a VGG-small may make its first and last layer binary', async () => {
    const sets = ['student={name: bnn-vgg-small, firstLayer: binary, lastLayer: binary}'];
    const { recipe } = await resolveRecipe({ sets });
    expect(recipe.student).toMatchObject({ firstLayer: 'binary', lastLayer: 'binary' });
  });

  it.each<[sets: string[], message: string]>([
    [
      ['student.name=bnn-resnet20', 'student.groups=3'],
      '`sets: student.groups=3`: 3 groups do not divide the 16 channels of level 1.',
    ],
    [
      ['student.name=bnn-resnet20', 'student.groups=16', 'student.width=0.5'],
      '`sets: student.groups=16`: 16 groups do not divide the 8 channels of level 1.',
    ],
    [
      ['student.name=bnn-resnet20', 'student.width=1.3'],
      '`sets: student.width=1.3`: the width 1.3 gives level 1 20.8 channels; expected a whole number.',
    ],
    [
      ['student.name=bnn-resnet20', 'student.groups=1.5'],
      '`sets: student.groups=1.5`: `student.groups` is 1.5: expected a whole number of at least 1',
    ],
    [
      ['student.name=bnn-resnet20', 'student.firstLayer=bits'],
      '`student.firstLayer` is "bits": expected one of float, binary',
    ],
    [
      ['student.name=bnn-vgg-small', 'student.groups=2'],
      "`sets: student.groups=2`: the setting groups '2' is of a residual network, and bnn-vgg-small is none.",
    ],
    [
      ['student.name=bnn-vgg-small', 'student.downsample=v2'],
      "the setting downsample 'v2' is of a residual network, and bnn-vgg-small is none.",
    ],
    [
      ['student.name=resnet20', 'student.groups=2'],
      "the setting groups '2' is of a binary network, and resnet20 has full precision.",
    ],
    [
      ['student.name=resnet20', 'student.lastLayer=binary'],
      "the setting lastLayer 'binary' is of a binary network, and resnet20 has full precision.",
    ],
    [
      ['student.name=vgg-small', 'student.firstLayer=binary'],
      "the setting firstLayer 'binary' is of a binary network, and vgg-small has full precision.",
    ],
  ])('%j is refused', async (sets, message) => {
    await expect(resolveRecipe({ sets })).rejects.toThrow(message);
  });
});
