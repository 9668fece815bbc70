import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { expectedOf, numberIn, toggle } from '../../src/files/setting-types.js';
import { defaultRecipe } from '../../src/recipe/default-recipe.js';
import { defaultWords } from '../../src/recipe/default-words.js';
import { keysOfAny } from '../../src/recipe/keys-of-any.js';
import { type RecipeKey, recipeKeyAt, recipeKeys } from '../../src/recipe/recipe-keys.js';
import { recipeTextSchema } from '../../src/recipe/recipe-schema.js';
import { settingsOf, sourced } from '../../src/recipe/sourced.js';

const groups = Object.entries<readonly RecipeKey[]>({ ...recipeKeys });

describe('recipeKeys', () => {
  it.each(groups)('describes every key of a %s, in sentences that flags can begin with', (_, keys) => {
    for (const { path, values, description } of keys) {
      expect(description, path).toMatch(/^(\S.*[^.\s])$/);
      expect(values, path).not.toBe('');
    }
  });

  it('has every setting of a resolved recipe', () => {
    const described = new Set([
      ...recipeKeys.run.map(({ path }) => path),
      ...recipeKeys.student.map(({ path }) => `student.${path}`),
      ...recipeKeys.stage.map(({ path }) => `stages.${path}`),
    ]);
    for (const [path] of settingsOf(sourced(defaultRecipe, () => ''))) {
      const written = path.filter((part) => typeof part === 'string').join('.');
      expect(described, written).toContain(written.replace(/(?<=stages\.losses)\..*/, ''));
    }
  });

  it.each([
    ['seed', { default: '0', values: 'a whole number of at least 0' }],
    ['threads', { default: 'the processors of the machine' }],
    ['student.skip', { default: 'double', names: ['double', 'single'], values: 'double, single' }],
    ['student.batchNorm.momentum', { default: '0.2' }],
    ['stages[].teacher', { default: 'none' }],
    ['stages[].optimizer.lr', { default: '0.002' }],
    ['stages[].optimizer.weightDecay', { default: '0, of adamw 0.01' }],
    ['stages[].optimizer.momentum', { default: '0.9', values: 'a number in [0, 1)' }],
    ['stages[].schedule.milestones', { default: '', values: 'a list, each an epoch of at least 1' }],
    ['stages[].losses', { default: 'kl=1,T=4 features=1 crossEntropy=1,epsilon=0.1' }],
  ])('%s is described as %j', (path, expected) => {
    expect(recipeKeyAt(path)).toMatchObject(expected);
  });
});

describe('keysOfAny', () => {
  const beta = numberIn({ from: 0, below: 1 }).default(0.9).describe('Share of the old value');
  const keys = keysOfAny([
    { name: 'first', options: { beta, rate: numberIn({ above: 0 }).default(1).describe('How fast') } },
    { name: 'second', options: { beta: beta.unwrap().default(0.5).describe('Share of the old value') } },
    { name: 'third', options: { rate: toggle().default(true).describe('Whether fast') } },
  ] as const);

  it.each([
    ['beta', 'Of first, second: share of the old value', '0.9, of second 0.5', 'a number in [0, 1)'],
    [
      'rate',
      'Of first: how fast. Of third: whether fast',
      '1, of third true',
      'a finite number above 0 or true or false',
    ],
  ] as const)('%s is described for each of its owners', (name, description, words, values) => {
    const key = keys[name] as z.ZodType;
    expect(key.description).toBe(description);
    expect(defaultWords.get(key)?.words).toBe(words);
    expect(expectedOf(key)).toBe(values);
  });

  it('takes what any owner takes, and gives no default', () => {
    const map = z.object(keys);
    expect(map.parse({})).toEqual({});
    expect(map.parse({ rate: true, beta: 0 })).toEqual({ rate: true, beta: 0 });
    expect(map.safeParse({ rate: 'fast' }).success).toBe(false);
  });
});

describe('the schema of a text', () => {
  it('leaves out what the text leaves out, at any depth', () => {
    const text = {
      student: { batchNorm: {} },
      stages: [{ optimizer: { lr: 1 }, gradient: {}, augmentation: { flip: true } }],
    };
    expect(recipeTextSchema().parse(text)).toEqual(text);
  });

  it('gives keys in the order of the schema, whatever their order in the text', () => {
    const text = {
      seed: 1,
      data: 'x:y',
      stages: [{ optimizer: { momentum: 0.5, weightDecay: 0, name: 'sgd' } }],
    };
    expect(JSON.stringify(recipeTextSchema().parse(text))).toBe(
      '{"data":"x:y","seed":1,"stages":[{"optimizer":{"name":"sgd","weightDecay":0,"momentum":0.5}}]}',
    );
  });
});
