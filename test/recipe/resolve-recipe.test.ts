import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import { defaultRecipe } from '../../src/recipe/default-recipe.js';
import type { Recipe } from '../../src/recipe/recipe.js';
import { type RecipeSources, resolveRecipe } from '../../src/recipe/resolve-recipe.js';
import { originLines } from '../../src/recipe/to-yaml.js';
import { scratchFolder } from '../files/scratch.js';

const folder = scratchFolder();
let files = 0;
/** The path of a file that holds a recipe. */
function recipeFile(text: string, name = `recipe-${files++}`): string {
  const path = join(folder, `${name}.yaml`);
  writeFileSync(path, text);
  return path;
}

async function resolved(text: string, sources: RecipeSources = {}): Promise<Recipe> {
  return (await resolveRecipe({ ...sources, recipe: recipeFile(text) })).recipe;
}

async function refusal(sources: RecipeSources): Promise<InputError> {
  try {
    await resolveRecipe(sources);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('the recipe was accepted');
}

const twoStages = `student: { name: bnn-resnet20 }
stages:
  - name: first
    binary: activations
    epochs: 8
    optimizer: { name: sgd, lr: 0.1, momentum: 0.8, weightDecay: 1.0e-5 }
    schedule: { name: step, milestones: [4], gammas: [0.1] }
    augmentation: { flip: true, rotation: 15 }
    losses: { kl: { weight: 2, T: 3 } }
  - name: second
    binary: both
`;

describe('resolveRecipe', () => {
  it('without a recipe gives the defaults of a run', async () => {
    const { recipe } = await resolveRecipe({});
    expect(recipe).toEqual(defaultRecipe);
    expect(recipe.stages[0]).toMatchObject({
      epochs: 10,
      batchSize: 64,
      optimizer: { name: 'adam', lr: 2e-3, weightDecay: 0 },
      schedule: { name: 'cosine', per: 'step' },
    });
    expect(recipe.stages[0].losses).toMatchObject({ kl: { weight: 1, T: 4 }, refinery: { weight: 0 } });
  });

  it('makes a stage of the one before and its own keys', async () => {
    const { stages } = await resolved(`${twoStages}    optimizer: { lr: 0.01 }\n`);
    const [first, second] = stages;
    expect(first).toMatchObject({ initFrom: 'random', generations: 1 });
    expect(first.augmentation).toEqual({ crop: null, flip: true, rotation: 15 });
    expect(second).toEqual({
      ...first,
      name: 'second',
      binary: 'both',
      initFrom: 'previous',
      optimizer: { ...first.optimizer, lr: 0.01 },
    });
    expect(first.optimizer).toEqual({ name: 'sgd', lr: 0.1, momentum: 0.8, weightDecay: 1e-5 });
  });

  it('gives a first stage the losses that it names alone', async () => {
    const [{ losses }] = (await resolved(twoStages)).stages;
    expect(losses['kl']).toEqual({ weight: 2, T: 3 });
    for (const name of ['features', 'crossEntropy', 'refinery']) expect(losses[name].weight).toBe(0);
  });

  it.each([
    [
      'optimizer: { name: adamw }',
      { optimizer: { name: 'adamw', lr: 0.1 }, schedule: { name: 'step', milestones: [4], gammas: [0.1] } },
    ],
    ['schedule: { name: linear }', { schedule: { name: 'linear' } }],
    ['augmentation: null', { augmentation: null }],
    ['augmentation: { rotation: 0 }', { augmentation: { crop: null, flip: true, rotation: 0 } }],
    ['losses: { kl: { T: 2 } }', { losses: { kl: { weight: 2, T: 2 } } }],
    ['generations: 3', { generations: 3, initFrom: 'previous' }],
    ['initFrom: random', { initFrom: 'random' }],
  ])('of a second stage with %s carries over what still belongs', async (line, expected) => {
    const [, second] = (await resolved(`${twoStages}    ${line}\n`)).stages;
    for (const [key, value] of Object.entries(expected)) {
      if (key === 'losses') expect(second.losses).toMatchObject(value);
      else expect(second[key as 'optimizer']).toEqual(value);
    }
  });

  it('replaces the stages of the recipe that it extends by a list, and amends them by a map', async () => {
    const base = recipeFile(twoStages, 'base');
    const amended = await resolved('extends: ./base.yaml\nseed: 4\nstages:\n  second: { epochs: 5 }\n');
    expect(amended.seed).toBe(4);
    expect(amended.stages.map(({ name, epochs }) => [name, epochs])).toEqual([
      ['first', 8],
      ['second', 5],
    ]);
    const replaced = await resolved(`extends: ${base}\nstages:\n  - { epochs: 3 }\n`);
    expect(replaced.stages).toHaveLength(1);
    expect(replaced.student.name).toBe('bnn-resnet20');
    const builtIn = await resolved('extends: cifar10-ten-minutes\nstages:\n  both: { epochs: 1 }\n');
    expect(builtIn.stages[0]).toMatchObject({ epochs: 1, teacher: 'cifar10-resnet20' });
  });

  it('lets --set and flags win, before stages take over from one another', async () => {
    const sets = ['stages[0].epochs=9', 'stages[0].epochs=12', 'stages[1].losses.kl={weight: 0.5}'];
    const flags = [{ flag: '--teacher', path: ['stages', 0, 'teacher'], value: 'cifar10-resnet20' }];
    const { stages } = await resolved(twoStages, { sets, flags });
    expect(stages.map(({ epochs }) => epochs)).toEqual([12, 12]);
    expect(stages.map(({ teacher }) => teacher)).toEqual(['cifar10-resnet20', 'cifar10-resnet20']);
    expect(stages[1].losses['kl']).toEqual({ weight: 0.5, T: 3 });
  });

  it('takes losses that are set as a map alone', async () => {
    const { recipe } = await resolveRecipe({ sets: ['stages[0].losses={crossEntropy: {weight: 2}}'] });
    const { losses } = recipe.stages[0];
    expect(losses['crossEntropy']).toEqual({ weight: 2, epsilon: 0.1 });
    for (const name of ['kl', 'features']) expect(losses[name].weight).toBe(0);
  });

  it('says where each setting comes from', async () => {
    const recipe = recipeFile(`${twoStages}    optimizer: { lr: 0.01 }\n`, 'origins');
    const flags = [{ flag: '--seed', path: ['seed'], value: 3 }];
    const { tree } = await resolveRecipe({ recipe, sets: ['stages[0].epochs=12'], flags });
    const lines = new Map(
      originLines(tree).map((line) => line.split(/\s+# /) as [setting: string, origin: string]),
    );
    const at = (place: string): string => `${recipe}:${place}`;
    for (const [setting, origin] of [
      ['seed: 3', '--seed'],
      ['viewSeed: 0', 'default'],
      ['stages[0].epochs: 12', '`sets: stages[0].epochs=12`'],
      ['stages[1].epochs: 12', '`sets: stages[0].epochs=12`'],
      ['stages[0].optimizer.lr: 0.1', at('6:33')],
      ['stages[1].optimizer.lr: 0.01', at('12:22')],
      ['stages[1].optimizer.momentum: 0.8', at('6:48')],
      ['stages[0].batchSize: 64', 'default'],
    ])
      expect(lines.get(setting), setting).toBe(origin);
  });
});

describe('a recipe is refused before any work', () => {
  const one = (line: string): string => `stages:\n  - name: a\n    ${line}\n`;
  it.each<[what: string, text: string, message: string, nearest?: string]>([
    ['text that is no YAML', 'a: [', ':1:5: not valid YAML'],
    ['an unknown key', 'sed: 1\n', ':1:1: unknown key "sed"', 'seed'],
    ['one in a stage', one('epoch: 1'), ':3:5: unknown key "epoch" in stages[0]', 'epochs'],
    [
      'one in an optimizer',
      one('optimizer: { weightdecay: 1 }'),
      ':3:18: unknown key "weightdecay" in stages[0].optimizer',
      'weightDecay',
    ],
    [
      'an unknown loss',
      one('losses: { k: { weight: 1 } }'),
      ':3:15: unknown key "k" in stages[0].losses',
      'kl',
    ],
    [
      'a wrong type',
      one('epochs: ten'),
      ':3:13: `stages[0].epochs` is "ten": expected a whole number of at least 1',
    ],
    [
      'an unknown name',
      one('schedule: { name: cosin }'),
      ':3:23: `stages[0].schedule.name` is "cosin": expected one of constant, step, cosine, linear',
      'cosine',
    ],
    ['a loss without a weight', one('losses: { kl: { T: 2 } }'), ':3:19: the loss kl has no weight.'],
    [
      'unequal milestones and gammas',
      one('schedule: { name: step, milestones: [1, 2], gammas: [0.1] }'),
      ':3:15: stepSchedule',
    ],
    [
      'an option of another optimizer',
      one('optimizer: { name: adam, momentum: 0.9 }'),
      ":3:16: the optimizer 'adam' does not take the option 'momentum'",
    ],
    [
      'a sign gradient without signs',
      one('{ binary: weights, signGradient: approxSign }').replace('name: a\n    ', ''),
      ":2:38: the sign gradient 'approxSign' is of binary activations",
    ],
    [
      'the same loss twice',
      one('losses: { kl: { weight: 1, T: 1 }, refinery: { weight: 1 } }'),
      ':3:13: kl at T=1 and refinery are the same loss and would count twice',
    ],
    ['a mixing out of range', one('mix: { mixup: -1 }'), ':3:19: `stages[0].mix.mixup` is -1'],
    ['an angle out of range', one('augmentation: { rotation: 200 }'), ':3:19: the rotation must be'],
    [
      'a decay of 1',
      one('average: { decay: 1 }'),
      ":3:23: the decay of the weights' average must be below 1, got 1.",
    ],
    [
      'a first stage after another',
      one('initFrom: previous'),
      ":3:15: the first stage has no stage before it, and its initFrom is 'previous'.",
    ],
    [
      'generations that learn nothing of each other',
      one('{ generations: 2, losses: { crossEntropy: { weight: 1 } } }').replace('name: a\n    ', ''),
      ':2:20: 2 generations teach one another, and no loss of the stage needs a teacher.',
    ],
    [
      'a cache that nobody fills',
      one('cache: there'),
      ':3:12: the cache there is filled by a model, and the teacher is none.',
    ],
    [
      'stages of one name',
      'stages:\n  - name: a\n  - name: a\n',
      ":3:11: two stages have the name 'a'; expected each to have its own.",
    ],
    ['changes of nothing', 'stages:\n  a: { epochs: 1 }\n', ':2:3: `stages` is a map, which changes'],
    [
      'changes of an unknown stage',
      'extends: cifar10-ten-minutes\nstages:\n  bot: { epochs: 1 }\n',
      ":3:8: the recipe that is extended has no stage 'bot'; its stages are both.",
      'both',
    ],
    ['an unknown recipe', 'extends: cifar10\n', ":1:10: the recipe 'cifar10' is unknown"],
    ['unknown data', 'data: mnist:x\n', ':1:7: unknown kind of data "mnist"'],
  ])('%s', async (_, text, message, nearest) => {
    const recipe = recipeFile(text);
    const error = await refusal({ recipe });
    expect(error.message).toContain(`${recipe}${message}`);
    if (nearest !== undefined) expect(error.nearest[0]).toBe(nearest);
  });

  it.each<[what: string, sources: RecipeSources, message: RegExp]>([
    ['an unknown name', { recipe: 'cifar10-tem-minutes' }, /^the recipe 'cifar10-tem-minutes' is unknown/],
    ['a missing file', { recipe: './nowhere.yaml' }, /^cannot read the recipe nowhere\.yaml/],
    ['--set without a value', { sets: ['seed'] }, /^`sets` must be path=value, got 'seed'\.$/],
    ['--set of an unknown key', { sets: ['stages[0].lr=1'] }, /^`sets: stages\[0\]\.lr=1`: unknown key "lr"/],
    [
      '--set of a stage that is not there',
      { sets: ['stages[1].epochs=1'] },
      /cannot be set: there is 1 stage, counted from 0\.$/,
    ],
    [
      '--set of a wrong value',
      { sets: ['stages[0].epochs=0'] },
      /^`sets: stages\[0\]\.epochs=0`: `stages\[0\]\.epochs` is 0: expected a whole number of at least 1$/,
    ],
    [
      'a flag with a wrong value',
      { flags: [{ flag: '--epochs', path: ['stages', 0, 'epochs'], value: 0 }] },
      /^--epochs must be a whole number of at least 1, got 0\.$/,
    ],
    [
      '--set and a flag for one thing',
      { sets: ['seed=1'], flags: [{ flag: '--seed', path: ['seed'], value: 1 }] },
      /^--seed and `sets: seed=1` set the same thing\.$/,
    ],
  ])('%s', async (_, sources, message) => {
    expect((await refusal(sources)).message).toMatch(message);
  });

  it('recipes that extend each other', async () => {
    const first = recipeFile('extends: ./circle-b.yaml\n', 'circle-a');
    recipeFile('extends: ./circle-a.yaml\n', 'circle-b');
    expect((await refusal({ recipe: first })).message).toContain(
      'extend each other in a circle: circle-a.yaml → circle-b.yaml → circle-a.yaml',
    );
  });
});
