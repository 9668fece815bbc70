import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from '../ops/differentiable.js';
import { composedKernel } from '../ops/kernel.js';
import { checkFloat, checkLabels } from './argument-checks.js';
import { nanWhereUnknown } from './known-labels.js';
import { distributionOf } from './log-probabilities.js';
import { defineLoss } from './loss.js';
import { checkInRange, type LossOption } from './loss-options.js';

const epsilonOption = {
  default: 0.1,
  range: { from: 0, below: 1 },
  description: 'The share of the target that is spread over all classes.',
} as const satisfies LossOption;

export interface LabelSmoothingOptions {
  /** The share of the target that is spread over all classes; in [0, 1), default 0.1; 0 spreads nothing. */
  readonly epsilon?: number;
}

/**
 * Cross-entropy with a softened label.
 *
 * L = −Σ_k q log p_S, q = (1 − ε) · onehot(label) + ε / classes, p_S = softmax(student)
 *
 * ∂L/∂student = p_S − q
 *
 * `student` are logits [batch, classes], float32; `labels` are class indices [batch], int32; the result has
 * shape [batch]. The value of a sample whose label is outside [0, classes) is NaN: labels are not read back
 * to be checked.
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
  const epsilon = options.epsilon ?? epsilonOption.default;
  checkFloat(loss, 'student logits', student, ['batch', 'classes']);
  checkLabels(loss, labels, student.shape[0]);
  checkInRange(loss, 'epsilon', epsilon, epsilonOption.range);
  return differentiable<tf.Tensor1D>([student], () => {
    const [value, slopes] = crossEntropyKernel({ student, labels }, { epsilon });
    return {
      value: value as tf.Tensor1D,
      saved: [slopes],
      gradients: (dy, [slopesOfStudent]) => [tf.mul(tf.expandDims(dy, 1), slopesOfStudent)],
    };
  });
}

/** `crossEntropy` in recipes and flags: {@link labelSmoothedCrossEntropy} of the labels. */
export const crossEntropy = defineLoss({
  name: 'crossEntropy',
  description: 'Cross-entropy with the label, of which a share is spread over all classes.',
  formula: '−Σₖ q log p_S, q = (1 − ε) onehot(label) + ε / classes',
  library: 'labelSmoothedCrossEntropy(student, labels, { epsilon })',
  source: 'Szegedy et al. 2016, "Rethinking the Inception Architecture for Computer Vision"',
  needs: 'labels',
  defaultWeight: 1,
  options: { epsilon: epsilonOption },
  value: ({ logits, byLabels }, options) =>
    byLabels((labels) => labelSmoothedCrossEntropy(logits, labels, options)),
});

/** The loss of each sample, [batch], and its gradient to the student's logits, [batch, classes]. */
const crossEntropyKernel = composedKernel<{ readonly epsilon: number }, tf.Tensor[]>(
  'SmoothedCrossEntropy',
  ({ student, labels }, { epsilon }) => {
    const classes = student.shape[1]!;
    const known = labels as tf.Tensor1D;
    const { probabilities, logProbabilities } = distributionOf(student as tf.Tensor2D);
    const target = tf.oneHot(known, classes, 1 - epsilon + epsilon / classes, epsilon / classes, 'float32');
    const value = tf.neg(tf.sum<tf.Tensor1D>(tf.mul(target, logProbabilities), 1));
    return [tf.add(value, nanWhereUnknown(known, classes)), tf.sub(probabilities, target)];
  },
);
