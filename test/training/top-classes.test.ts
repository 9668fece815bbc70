import { expect, it } from 'vitest';
import * as tf from '@tensorflow/tfjs-core';
import { equalCount, topClasses } from '../../src/training/top-classes.js';
import { backends, useTestBackend } from '../backends.js';
import { noImages, randomBatch, randomTargets, tinyTrainer } from './trainer-parts.js';

it('topClasses gives the first of the largest of each row', () => {
  expect([...topClasses([1, 3, 2, 5, 5, 4, -1, -2, -1], 3)]).toEqual([1, 0, 0]);
  expect([...topClasses([], 3)]).toEqual([]);
});

it('equalCount counts places', () => {
  expect(equalCount([1, 2, 3], [1, 0, 3])).toBe(2);
});

it('a step counts images that are right, and those on which student and teacher agree', async () => {
  await useTestBackend(backends.at(-1)!);
  const tiny = tinyTrainer();
  const batch = randomBatch(24);
  const targets = randomTargets(batch);
  // In training mode, as the step sees them; the step's own pass comes after, from the same weights.
  const logits = tf.tidy(() => {
    const images = tf.tensor4d(batch.images, [24, 8, 8, 3]);
    const normalised = tf.div<tf.Tensor4D>(tf.sub(images, noImages.mean[0]), noImages.std[0]);
    return tiny.parts.student.apply(normalised, true).logits.arraySync();
  });
  const top = (row: number[]): number => row.indexOf(Math.max(...row));
  const teacher = Array.from({ length: 24 }, (_, n) => top([...targets.logits.subarray(3 * n, 3 * n + 3)]));
  const expected = {
    correct: logits.filter((row, n) => top(row) === batch.labels[n]).length,
    agreeing: logits.filter((row, n) => top(row) === teacher[n]).length,
  };
  const step = tiny.trainer.step(batch, targets, 0);
  expect(step).toMatchObject(expected);
  expect(expected.correct).not.toBe(expected.agreeing);
  const mixed = { ...batch, mix: { partner: batch.indices, lambda: 0.5 } };
  expect(tiny.trainer.step(mixed as typeof batch, targets, 0)).not.toHaveProperty('correct');
  tiny.dispose();
});
