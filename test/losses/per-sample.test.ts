import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { attentionMatching } from '../../src/losses/attention-matching.js';
import { centerLoss } from '../../src/losses/center-loss.js';
import { featureMatching } from '../../src/losses/feature-matching.js';
import { klDivergence } from '../../src/losses/kl-divergence.js';
import { labelRefinery } from '../../src/losses/label-refinery.js';
import { labelSmoothedCrossEntropy } from '../../src/losses/label-smoothed-cross-entropy.js';
import { backends, useTestBackend } from '../backends.js';
import { expectGoldenGradient, expectGoldenValues } from '../golden.js';
import * as plain from './plain-formulas.js';

/** Float32 numbers in [−2, 2) from a fixed sequence. */
function numbers(count: number, seed: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.fround((state / 2 ** 32) * 4 - 2);
  });
}

const BATCH = 3;
const rowsOf = (values: readonly number[]): number[][] => {
  const length = values.length / BATCH;
  return Array.from({ length: BATCH }, (_, b) => values.slice(b * length, (b + 1) * length));
};

const logits = numbers(BATCH * 5, 1);
const teacherLogits = numbers(BATCH * 5, 2);
const maps = numbers(BATCH * 2 * 3 * 4, 3);
const teacherMaps = numbers(BATCH * 2 * 3 * 4, 4);
const wideTeacherMaps = numbers(BATCH * 2 * 3 * 7, 5);
const centers = numbers(4 * 5, 6);
const labels = [2, 0, 2];
const centerOf = (b: number): number[] => centers.slice(labels[b] * 5, labels[b] * 5 + 5);

const matrix = (values: number[]): tf.Tensor2D => tf.tensor2d(values, [BATCH, values.length / BATCH]);
const nhwc = (values: number[], channels: number): tf.Tensor4D =>
  tf.tensor4d(values, [BATCH, 2, 3, channels]);
const classes = (): tf.Tensor1D => tf.tensor1d(labels, 'int32');

interface Case {
  readonly name: string;
  readonly input: number[];
  readonly shape: number[];
  readonly loss: (x: tf.Tensor) => tf.Tensor1D;
  /** The same for sample b, as a plain formula. */
  readonly formula: (x: number[], b: number) => number;
}

const cases: Case[] = [
  {
    name: 'klDivergence at its default temperature 4',
    input: logits,
    shape: [BATCH, 5],
    loss: (x) => klDivergence(x as tf.Tensor2D, matrix(teacherLogits)),
    formula: (x, b) => plain.kl(x, rowsOf(teacherLogits)[b], 4),
  },
  {
    name: 'klDivergence at temperature 0.5',
    input: logits,
    shape: [BATCH, 5],
    loss: (x) => klDivergence(x as tf.Tensor2D, matrix(teacherLogits), { temperature: 0.5 }),
    formula: (x, b) => plain.kl(x, rowsOf(teacherLogits)[b], 0.5),
  },
  {
    name: 'labelRefinery',
    input: logits,
    shape: [BATCH, 5],
    loss: (x) => labelRefinery(x as tf.Tensor2D, matrix(teacherLogits)),
    formula: (x, b) => plain.kl(x, rowsOf(teacherLogits)[b], 1),
  },
  {
    name: 'labelSmoothedCrossEntropy at its default epsilon 0.1',
    input: logits,
    shape: [BATCH, 5],
    loss: (x) => labelSmoothedCrossEntropy(x as tf.Tensor2D, classes()),
    formula: (x, b) => plain.smoothedCrossEntropy(x, labels[b], 0.1),
  },
  {
    name: 'featureMatching',
    input: maps,
    shape: [BATCH, 2, 3, 4],
    loss: (x) => featureMatching(x as tf.Tensor4D, nhwc(teacherMaps, 4)),
    formula: (x, b) => plain.unitDistance(x, rowsOf(teacherMaps)[b]),
  },
  {
    name: 'attentionMatching across channel counts',
    input: maps,
    shape: [BATCH, 2, 3, 4],
    loss: (x) => attentionMatching(x as tf.Tensor4D, nhwc(wideTeacherMaps, 7)),
    formula: (x, b) =>
      plain.unitDistance(plain.attentionOf(x, 4), plain.attentionOf(rowsOf(wideTeacherMaps)[b], 7)),
  },
  {
    name: 'centerLoss',
    input: logits,
    shape: [BATCH, 5],
    loss: (x) => centerLoss(x as tf.Tensor2D, classes(), tf.tensor2d(centers, [4, 5])),
    formula: (x, b) => plain.squaredDistance(x, centerOf(b)),
  },
];

describe.each(backends)('losses on %s against plain formulas', (backend) => {
  beforeAll(() => useTestBackend(backend));

  it.each(cases)('$name: one value a sample, and the gradient of each', ({ input, shape, loss, formula }) => {
    tf.tidy(() => {
      const x = tf.tensor(input, shape);
      const value = loss(x);
      expect(value.shape).toEqual([BATCH]);
      expectGoldenValues(value.dataSync(), rowsOf(input).map(formula));

      const upstream = [0.5, -2, 3];
      const gradient = tf.grad(loss)(x, tf.tensor1d(upstream));
      const reference = rowsOf(input).flatMap((row, b) =>
        plain.numericGradient((moved) => formula(moved, b), row).map((slope) => slope * upstream[b]),
      );
      expect(gradient.shape).toEqual(shape);
      expectGoldenGradient(gradient.dataSync(), reference);
    });
  });

  it('centerLoss pulls only the centres of classes in the batch, by the sum over their samples', () => {
    tf.tidy(() => {
      const upstream = [0.5, -2, 3];
      const gradient = tf.grad((c: tf.Tensor) => centerLoss(matrix(logits), classes(), c as tf.Tensor2D))(
        tf.tensor2d(centers, [4, 5]),
        tf.tensor1d(upstream),
      );
      const reference = new Array<number>(20).fill(0);
      rowsOf(logits).forEach((row, b) =>
        row.forEach((value, d) => {
          reference[labels[b] * 5 + d] += upstream[b] * 2 * (centerOf(b)[d] - value);
        }),
      );
      expectGoldenGradient(gradient.dataSync(), reference);
    });
  });

  it.each([
    {
      name: 'klDivergence',
      loss: (s: tf.Tensor, t: tf.Tensor) => klDivergence(s as tf.Tensor2D, t as tf.Tensor2D),
      pair: () => [matrix(logits), matrix(teacherLogits)],
    },
    {
      name: 'featureMatching',
      loss: (s: tf.Tensor, t: tf.Tensor) => featureMatching(s as tf.Tensor4D, t as tf.Tensor4D),
      pair: () => [nhwc(maps, 4), nhwc(teacherMaps, 4)],
    },
    {
      name: 'attentionMatching',
      loss: (s: tf.Tensor, t: tf.Tensor) => attentionMatching(s as tf.Tensor4D, t as tf.Tensor4D),
      pair: () => [nhwc(maps, 4), nhwc(wideTeacherMaps, 7)],
    },
  ])('$name holds the teacher constant even where it is watched', ({ loss, pair }) => {
    tf.tidy(() => {
      const [student, teacher] = pair();
      // The second use of the teacher, of gradient 1, shows that the tape does watch it.
      const both = tf.grads((s: tf.Tensor, t: tf.Tensor) => tf.add(tf.sum(loss(s, t)), tf.sum(t)));
      const [, toTeacher] = both([student, teacher]);
      expect([...new Set(toTeacher.dataSync())]).toEqual([1]);
    });
  });

  it('leaves no tensor behind, forwards or backwards', () => {
    const x = matrix(logits);
    const teacher = matrix(teacherLogits);
    const before = tf.memory().numTensors;
    const value = klDivergence(x, teacher);
    const gradient = tf.grad((s: tf.Tensor) => klDivergence(s as tf.Tensor2D, teacher))(x);
    expect(tf.memory().numTensors).toBe(before + 2);
    tf.dispose([x, teacher, value, gradient]);
  });
});
