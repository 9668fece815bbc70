import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { centerLoss } from '../../src/losses/center-loss.js';
import { Centers } from '../../src/losses/centers.js';
import { useTestBackend } from '../backends.js';
import { expectRefusal } from '../ops/operation-runs.js';

beforeAll(() => useTestBackend('cpu'));

it.each([1, 0.003, 20])(
  'with a weight of %d the centres move by the gradient of the loss alone',
  (weight) => {
    const centers = new Centers([3, 2], 0.5);
    const { numTensors } = tf.memory();
    const features = tf.tensor2d([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const labels = tf.tensor1d([0, 0, 2], 'int32');
    const loss = (): tf.Scalar =>
      tf.mean<tf.Scalar>(tf.mul(centerLoss(features, labels, centers.variable), weight));
    const gradient = tf.tidy(() => tf.variableGrads(loss, [centers.variable]).grads[centers.variable.name]);
    centers.move(gradient, weight);
    // c − 0.5 · (−2/3 Σ (x − c)) with c = 0: a third of the sum of the features of the class.
    const expected = [4 / 3, 2, 0, 0, 5 / 3, 2];
    [...centers.variable.dataSync()].forEach((value, i) => expect(value).toBeCloseTo(expected[i], 5));
    tf.dispose([features, labels, gradient]);
    expect(tf.memory().numTensors).toBe(numTensors);
    centers.dispose();
  },
);

it('refuses a rate that is not above 0', () => {
  expectRefusal(
    'the rate of the centres must be a finite number above 0, got 0.',
    () => new Centers([2, 2], 0),
  );
});
