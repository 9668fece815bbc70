import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { attentionMatching } from '../../src/losses/attention-matching.js';
import { centerLoss } from '../../src/losses/center-loss.js';
import { featureMatching } from '../../src/losses/feature-matching.js';
import { klDivergence } from '../../src/losses/kl-divergence.js';
import { labelRefinery } from '../../src/losses/label-refinery.js';
import { labelSmoothedCrossEntropy } from '../../src/losses/label-smoothed-cross-entropy.js';
import { backends, useTestBackend } from '../backends.js';

/** Value and gradient of a loss at x, as plain numbers. */
function at<T extends tf.Tensor>(
  loss: (x: T) => tf.Tensor1D,
  x: () => T,
): { value: number[]; gradient: number[] } {
  return tf.tidy(() => {
    const { value, grad } = tf.valueAndGrad((s: tf.Tensor) => tf.sum(loss(s as T)))(x());
    return { value: [...value.dataSync()], gradient: [...grad.dataSync()] };
  });
}

describe.each(backends)('losses on %s at the edges', (backend) => {
  beforeAll(() => useTestBackend(backend));

  it.each([
    { name: 'moderate', row: [0.1, -3, 2.5] },
    { name: 'huge', row: [1e30, -1e30, 3] },
    { name: 'all equal', row: [7, 7, 7] },
  ])('equal logits ($name) give exactly 0 in value and gradient', ({ row }) => {
    for (const loss of [klDivergence, labelRefinery]) {
      const { value, gradient } = at<tf.Tensor2D>(
        (s) => loss(s, tf.tensor2d([row])),
        () => tf.tensor2d([row]),
      );
      expect(value.map(Math.abs)).toEqual([0]);
      expect(gradient.map(Math.abs)).toEqual([0, 0, 0]);
    }
  });

  it('huge logits are exact: a confident student that is wrong pays the gap', () => {
    const { value, gradient } = at<tf.Tensor2D>(
      (s) => labelRefinery(s, tf.tensor2d([[-1e6, 1e6, 0]])),
      () => tf.tensor2d([[3e5, -1e5, 0]]),
    );
    expect(value).toEqual([4e5]);
    expect(gradient).toEqual([1, -1, 0]);
  });

  it('logits at the end of float32 stay finite', () => {
    const { value, gradient } = at<tf.Tensor2D>(
      (s) => labelSmoothedCrossEntropy(s, tf.tensor1d([0], 'int32'), { epsilon: 0 }),
      () => tf.tensor2d([[3e38, -3e38, 0]]),
    );
    expect(value.map(Math.abs)).toEqual([0]);
    expect(gradient.map(Math.abs)).toEqual([0, 0, 0]);
  });

  it('a class that the teacher rules out (logit −∞) adds nothing', () => {
    const { value, gradient } = at<tf.Tensor2D>(
      (s) => labelRefinery(s, tf.tensor2d([[0, 0, -Infinity]])),
      () => tf.tensor2d([[0, 0, 0]]),
    );
    expect(value[0]).toBeCloseTo(Math.log(3 / 2), 6);
    [-1 / 6, -1 / 6, 1 / 3].forEach((slope, k) => expect(gradient[k]).toBeCloseTo(slope, 6));
  });

  it('a small divergence keeps its leading digits', () => {
    // For a small shift δ of one logit of two equal ones, KL = δ²/8 to first order.
    const shift = 2 ** -6;
    const { value } = at<tf.Tensor2D>(
      (s) => labelRefinery(s, tf.tensor2d([[0, 0]])),
      () => tf.tensor2d([[shift, 0]]),
    );
    expect(value[0] / (shift ** 2 / 8)).toBeCloseTo(1, 2);
  });

  describe.each([
    ['featureMatching', featureMatching],
    ['attentionMatching', attentionMatching],
  ])('%s', (_, loss) => {
    const shape: [number, number, number, number] = [1, 2, 1, 2];
    const some = [1, -2, 0.5, 3];
    const zeros = [0, 0, 0, 0];
    const matched = (student: number[], teacher: number[]): { value: number[]; gradient: number[] } =>
      at<tf.Tensor4D>(
        (s) => loss(s, tf.tensor4d(teacher, shape)),
        () => tf.tensor4d(student, shape),
      );

    it('a zero student has distance 1 and gradient 0', () => {
      const { value, gradient } = matched(zeros, some);
      expect(value[0]).toBeCloseTo(1, 6);
      expect(gradient.map(Math.abs)).toEqual(zeros);
    });

    it('a zero teacher has distance 1 and pulls nowhere', () => {
      const { value, gradient } = matched(some, zeros);
      expect(value[0]).toBeCloseTo(1, 6);
      gradient.forEach((slope) => expect(Math.abs(slope)).toBeLessThan(1e-6));
    });

    it('two zero maps have distance 0 and gradient 0', () => {
      const { value, gradient } = matched(zeros, zeros);
      expect(value).toEqual([0]);
      expect(gradient.map(Math.abs)).toEqual(zeros);
    });

    it('a map and itself have distance 0 and gradient 0, exactly', () => {
      const { value, gradient } = matched(some, some);
      expect(value).toEqual([0]);
      expect(gradient.map(Math.abs)).toEqual(zeros);
    });

    it.each([2 ** -36, 2 ** 55])(
      'scale %f of the student changes nothing but the inverse scale of its gradient',
      (scale) => {
        const teacher = [2, 0.25, -1, 1];
        const plain = matched(some, teacher);
        const scaled = matched(
          some.map((value) => value * scale),
          teacher,
        );
        expect(scaled.value[0]).toBeCloseTo(plain.value[0], 6);
        scaled.gradient.forEach((slope, i) => expect(slope * scale).toBeCloseTo(plain.gradient[i], 6));
      },
    );
  });

  it('featureMatching of opposite maps is 4, its maximum', () => {
    const { value } = at<tf.Tensor4D>(
      (s) => featureMatching(s, tf.tensor4d([1, 2], [1, 1, 2, 1])),
      () => tf.tensor4d([-3, -6], [1, 1, 2, 1]),
    );
    expect(value[0]).toBeCloseTo(4, 5);
  });

  it('attentionMatching accepts a teacher map of one channel √Q', () => {
    const maps = [1, -2, 0.5, 3];
    const teacher = [2, 0.25, -1, 1];
    const compact = [Math.hypot(2, 0.25), Math.hypot(-1, 1)];
    const distance = (t: tf.Tensor4D): number =>
      tf.tidy(() => attentionMatching(tf.tensor4d(maps, [1, 2, 1, 2]), t).dataSync()[0]);
    expect(distance(tf.tensor4d(compact, [1, 2, 1, 1]))).toBeCloseTo(
      distance(tf.tensor4d(teacher, [1, 2, 1, 2])),
      6,
    );
  });

  it.each([-1, 3])('a label outside the classes (%i) makes its sample NaN and no other', (label) => {
    tf.tidy(() => {
      const labels = tf.tensor1d([label, 1], 'int32');
      const features = tf.ones<tf.Rank.R2>([2, 3]);
      for (const loss of [
        labelSmoothedCrossEntropy(features, labels),
        centerLoss(features, labels, tf.zeros([3, 3])),
      ]) {
        const [wrong, right] = loss.dataSync();
        expect(wrong).toBeNaN();
        expect(right).toBeGreaterThan(0);
      }
    });
  });
});
