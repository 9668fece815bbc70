import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import { distributionLoss } from '../../src/losses/distribution-loss.js';
import { klDivergence } from '../../src/losses/kl-divergence.js';
import { defineLoss, type Loss, type LossNeed } from '../../src/losses/loss.js';
import { comparesMaps, needsTeacher } from '../../src/losses/loss-needs.js';
import {
  checkLossSettings,
  checkOptions,
  type LossName,
  lossSettings,
  parseLossFlag,
  temperatureOf,
} from '../../src/losses/loss-settings.js';
import { registerLoss } from '../../src/losses/registry.js';
import { backends, useTestBackend } from '../backends.js';
import { expectRefusal } from '../ops/operation-runs.js';
import { logSoftmax, numericGradient } from './plain-formulas.js';

/** As a module that is not typed may write it. */
const unknownNeed = 'map' as LossNeed;

const loss = (change: Partial<Loss> = {}): Loss => ({
  name: 'mine',
  needs: 'teacher',
  options: { power: 2 },
  value: ({ logits }) => tf.sum(logits, 1),
  ...change,
});

describe('registerLoss', () => {
  it('makes a loss known to flags, with its options', () => {
    registerLoss(loss());
    expect(parseLossFlag('mine=0.5')).toEqual({ name: 'mine', weight: 0.5, options: { power: 2 } });
    expect(parseLossFlag('mine=1,power=3').options).toEqual({ power: 3 });
    expect(lossSettings(['mine=2']).at(-1)).toEqual({ name: 'mine', weight: 2, options: { power: 2 } });
  });

  it.each<[change: Partial<Loss>, message: string]>([
    [{ name: 'kl' }, "the loss 'kl' is one of this package."],
    [
      { name: 'two words' },
      "the name of a loss must be letters and digits, beginning with a letter, got 'two words'.",
    ],
    [{ options: { weight: 1 } }, "the loss 'mine' has an option 'weight', which every term has."],
    [{ options: { a: { default: 1, short: 'b' }, b: 2 } }, "the loss 'mine' has two options 'b'."],
    [
      { options: { power: { default: 0, range: { above: 0, to: 3 } } } },
      'loss mine expects a default of power greater than 0 up to 3, but got 0',
    ],
    [
      { needs: ['labels', unknownNeed] },
      "the loss 'mine' needs 'map'; expected labels, teacher, maps, connectedMaps or pooled.",
    ],
  ])('refuses %j', (change, message) => {
    expectRefusal(message, () => registerLoss(loss(change)));
  });
});

describe('an option with a range and a short name', () => {
  const values: unknown[] = [];
  registerLoss(
    defineLoss({
      name: 'ranged',
      needs: 'labels',
      options: { sharpness: { default: 2, range: { from: 1, below: 8 }, short: 's' }, shift: 0 },
      sameGradientAs: ({ sharpness }) => (sharpness === 1 ? 'crossEntropy' : undefined),
      check: (options) => {
        values.push(options);
        if (options.shift > options.sharpness) throw new InputError('the shift is too large.');
      },
      value: ({ logits }) => tf.sum(logits, 1),
    }),
  );

  it('is written by its short name, and the loss gets it by its own', () => {
    const setting = parseLossFlag('ranged=1,s=3');
    expect(setting.options).toEqual({ s: 3, shift: 0 });
    checkOptions(setting);
    expect(values.at(-1)).toEqual({ sharpness: 3, shift: 0 });
  });

  it.each<[flag: string, message: string]>([
    ['ranged=1,s=0', 'loss ranged expects a sharpness from 1 up to but not including 8, but got 0'],
    ['ranged=1,s=8', 'loss ranged expects a sharpness from 1 up to but not including 8, but got 8'],
    ['ranged=1,sharpness=2', 'unknown option "sharpness" of loss ranged; it has s, shift'],
  ])('%s is refused', (flag, message) => {
    expectRefusal(message, () => parseLossFlag(flag));
  });

  it('is checked together with the others', () => {
    expectRefusal('the shift is too large.', () => checkOptions(parseLossFlag('ranged=1,shift=3')));
  });

  it('may give the loss the gradient of another', () => {
    expect(lossSettings(['ranged=1,s=2']).some(({ name }) => name === 'ranged')).toBe(true);
    expectRefusal(
      'crossEntropy at epsilon=0.1 and ranged at s=1, shift=0 are the same loss and would count twice',
      () => lossSettings(['ranged=1,s=1']),
    );
  });
});

it('a loss cannot read what it does not say that it needs', () => {
  defineLoss({
    name: 'unsaid',
    needs: 'labels',
    // @ts-expect-error teacherLogits are undefined for a loss that needs labels alone
    value: ({ logits, teacherLogits }) => klDivergence(logits, teacherLogits),
  });
});

it.each<[name: LossName, teacher: boolean, maps: boolean]>([
  ['kl', true, false],
  ['features', true, true],
  ['attention', true, true],
  ['refinery', true, false],
  ['distribution', true, false],
  ['crossEntropy', false, false],
  ['center', false, false],
])('%s needs a teacher: %s, compares maps: %s', (name, teacher, maps) => {
  expect(needsTeacher({ name })).toBe(teacher);
  expect(comparesMaps({ name })).toBe(maps);
});

it.each<[flag: string, temperature: number]>([
  ['kl=1', 4],
  ['kl=1,T=2', 2],
  ['refinery=1', 1],
])('%s takes the teacher at temperature %d', (flag, temperature) => {
  expect(temperatureOf(parseLossFlag(flag))).toBe(temperature);
});

describe.each(backends)('distributionLoss on %s', (backend) => {
  beforeAll(() => useTestBackend(backend));
  const students = [
    [1, -2, 0.5],
    [0, 0, 3],
  ];
  const teachers = [
    [2, 1, -1],
    [0.3, -0.2, 0],
  ];
  const plain = (student: readonly number[], teacher: readonly number[]): number => {
    const logs = logSoftmax(student);
    return -logSoftmax(teacher).reduce((sum, log, k) => sum + Math.exp(log) * logs[k], 0);
  };

  it('is the cross-entropy with the distribution of the teacher', () => {
    const { numTensors } = tf.memory();
    const values = tf.tidy(() => distributionLoss(tf.tensor2d(students), tf.tensor2d(teachers)).dataSync());
    expect(tf.memory().numTensors).toBe(numTensors);
    students.forEach((student, i) => expect(values[i]).toBeCloseTo(plain(student, teachers[i]), 5));
  });

  it('has the gradient of KL at T = 1, to the student alone', () => {
    const [ours, theirs] = tf.tidy(() => {
      const teacher = tf.tensor2d(teachers);
      const of = (f: (s: tf.Tensor2D) => tf.Tensor): number[] => [
        ...tf
          .grad((s) => tf.sum(f(s as tf.Tensor2D)))(tf.tensor2d(students))
          .dataSync(),
      ];
      return [
        of((s) => distributionLoss(s, teacher)),
        of((s) => klDivergence(s, teacher, { temperature: 1 })),
      ];
    });
    expect(ours).toEqual(theirs);
    const numeric = numericGradient((s) => plain(s, teachers[0]), students[0]);
    numeric.forEach((slope, k) => expect(ours[k]).toBeCloseTo(slope, 5));
  });
});

it.each([
  [['distribution=1', 'refinery=1'], 'refinery and distribution'],
  [['distribution=1', 'kl=1,T=1'], 'kl at T=1 and distribution'],
])('%j would count twice', (flags, names) => {
  expectRefusal(`${names} are the same loss and would count twice`, () =>
    checkLossSettings(lossSettings(flags)),
  );
});
