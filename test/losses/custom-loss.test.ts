import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CustomLoss, registerLoss } from '../../src/losses/custom-loss.js';
import { distributionLoss } from '../../src/losses/distribution-loss.js';
import { klDivergence } from '../../src/losses/kl-divergence.js';
import { checkLossSettings, lossSettings, parseLossFlag } from '../../src/losses/loss-settings.js';
import { backends, useTestBackend } from '../backends.js';
import { expectRefusal } from '../ops/operation-runs.js';
import { logSoftmax, numericGradient } from './plain-formulas.js';

const loss = (change: Partial<CustomLoss> = {}): CustomLoss => ({
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

  it.each<[change: Partial<CustomLoss>, message: string]>([
    [{ name: 'kl' }, "the loss 'kl' is one of this package."],
    [
      { name: 'two words' },
      "the name of a loss must be letters and digits, beginning with a letter, got 'two words'.",
    ],
    [{ options: { weight: 1 } }, "the loss 'mine' has an option 'weight', which every term has."],
  ])('refuses %j', (change, message) => {
    expectRefusal(message, () => registerLoss(loss(change)));
  });
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
