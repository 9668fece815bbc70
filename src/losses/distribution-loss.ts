import * as tf from '@tensorflow/tfjs-core';
import { untaped } from '../ops/kernel.js';
import { divergence } from './kl-divergence.js';
import { distributionOf } from './log-probabilities.js';
import { defineLoss } from './loss.js';

/**
 * The distributional loss: cross-entropy with the teacher's distribution in place of a label.
 *
 * L = −Σ_k p_T log p_S = KL(p_T ‖ p_S) + H(p_T), p_T = softmax(teacher), p_S = softmax(student)
 *
 * ∂L/∂student = p_S − p_T
 *
 * `student` and `teacher` are logits [batch, classes], float32; the result has shape [batch]. The teacher is
 * a constant, so that the gradient is that of `klDivergence` at temperature 1 and the value is larger by the
 * teacher's entropy.
 *
 * @throws InputError when shapes, types or batch sizes do not fit.
 * Source: Liu et al. 2020, "ReActNet".
 */
export function distributionLoss(student: tf.Tensor2D, teacher: tf.Tensor2D): tf.Tensor1D {
  const gap = divergence('distributionLoss', student, teacher, 1);
  const entropy = untaped(() =>
    tf.tidy(() => {
      const { probabilities, logProbabilities } = distributionOf(teacher);
      return tf.neg(tf.sum<tf.Tensor1D>(tf.mul(probabilities, logProbabilities), 1));
    }),
  );
  return tf.add(gap, entropy);
}

/** `distribution` in recipes and flags: {@link distributionLoss} of the logits. */
export const distribution = defineLoss({
  name: 'distribution',
  description: "Cross-entropy with the teacher's distribution in place of a label.",
  formula: "−Σₖ p_T log p_S: the gradient of `refinery`, and its value plus the teacher's entropy",
  library: 'distributionLoss(student, teacher)',
  source: 'Liu et al. 2020, "ReActNet"',
  needs: 'teacher',
  sameGradientAs: () => 'refinery',
  value: ({ logits, teacherLogits }) => distributionLoss(logits, teacherLogits),
});
