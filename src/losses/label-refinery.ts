import type * as tf from '@tensorflow/tfjs-core';
import { divergence } from './kl-divergence.js';
import { defineLoss } from './loss.js';

/**
 * Label refinery: the teacher's answer for this very view stands in for the label.
 *
 * L = Σ_k p_T (log p_T − log p_S), p_T = softmax(teacher), p_S = softmax(student)
 *
 * `student` and `teacher` are logits [batch, classes], float32, of the same views: one target for all crops
 * of an image would be a fixed label smoothing. The result has shape [batch]. The teacher is a constant. This
 * is `klDivergence` at temperature 1.
 *
 * @throws InputError when shapes, types or batch sizes do not fit.
 * Source: Bagherinezhad et al. 2018, "Label Refinery".
 */
export function labelRefinery(student: tf.Tensor2D, teacher: tf.Tensor2D): tf.Tensor1D {
  return divergence('labelRefinery', student, teacher, 1);
}

/** `refinery` in recipes and flags: {@link labelRefinery} of the logits. */
export const refinery = defineLoss({
  name: 'refinery',
  description: "The teacher's answer for the view in place of the label.",
  formula: 'Σₖ p_T (log p_T − log p_S), which is `kl` at T = 1',
  library: 'labelRefinery(student, teacher)',
  source: 'Bagherinezhad et al. 2018, "Label Refinery"',
  needs: 'teacher',
  value: ({ logits, teacherLogits }) => labelRefinery(logits, teacherLogits),
});
