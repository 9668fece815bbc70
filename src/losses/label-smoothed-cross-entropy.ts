import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from '../ops/differentiable.js';
import { checkEpsilon, checkFloat, checkLabels } from './argument-checks.js';
import { nanWhereUnknown } from './known-labels.js';
import { distributionOf } from './log-probabilities.js';

export interface LabelSmoothingOptions {
  /** The share of the target that is spread over all classes; in [0, 1), default 0.1. 0 is plain cross-entropy. */
  readonly epsilon?: number;
}

/**
 * Cross-entropy with a softened label.
 *
 * L = −Σ_k q log p_S, q = (1 − ε) · onehot(label) + ε / classes, p_S = softmax(student)
 *
 * ∂L/∂student = p_S − q
 *
 * `student` are logits [batch, classes], float32; `labels` are class indices [batch], int32; the result has shape
 * [batch]. The value of a sample whose label is outside [0, classes) is NaN: labels are not read back to be checked.
 *
 * @throws InputError when shapes, types or batch sizes do not fit, or epsilon is outside [0, 1).
 * Source: Szegedy et al. 2016, "Rethinking the Inception Architecture for Computer Vision".
 */
export function labelSmoothedCrossEntropy(
  student: tf.Tensor2D,
  labels: tf.Tensor1D,
  options: LabelSmoothingOptions = {},
): tf.Tensor1D {
  const loss = 'labelSmoothedCrossEntropy';
  const epsilon = options.epsilon ?? 0.1;
  checkFloat(loss, 'student logits', student, ['batch', 'classes']);
  checkLabels(loss, labels, student.shape[0]);
  checkEpsilon(loss, epsilon);
  return differentiable<tf.Tensor1D>([student], () => {
    const classes = student.shape[1];
    const { probabilities, logProbabilities } = distributionOf(student);
    const target = tf.oneHot(labels, classes, 1 - epsilon + epsilon / classes, epsilon / classes, 'float32');
    const value = tf.neg(tf.sum<tf.Tensor1D>(tf.mul(target, logProbabilities), 1));
    return {
      value: tf.add(value, nanWhereUnknown(labels, classes)),
      saved: [tf.sub(probabilities, target)],
      gradients: (dy, [excess]) => [tf.mul(tf.expandDims(dy, 1), excess)],
    };
  });
}
