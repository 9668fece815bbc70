import { describe, expect, it } from 'vitest';
import { resolveRecipe } from '../../src/recipe/resolve-recipe.js';

describe('a recipe of a network of bottlenecks', () => {
  it('has the structures of its own', async () => {
    const student = { skip: 'single', attention: 'se', downsample: 'v2', width: 0.5 };
    const sets = Object.entries(student).map(([key, value]) => `student.${key}=${value}`);
    const { recipe } = await resolveRecipe({ sets: ['student.name=bnn-resnet50', ...sets] });
    expect(recipe.student).toMatchObject({ block: 'binary', ...student });
  });

  it('is refused another order, at the place where that is set', async () => {
    const sets = ['student.name=bnn-resnet50', 'student.block=reActNet'];
    await expect(resolveRecipe({ sets })).rejects.toThrow(
      "`sets: student.block=reActNet`: the network bnn-resnet50 has bottlenecks, whose only block is 'binary', got the block 'reActNet'.",
    );
  });
});
