import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from '../ops/differentiable.js';
import { composedKernel } from '../ops/kernel.js';
import { checkFloat, checkSameSizes } from './argument-checks.js';
import { distributionOf } from './log-probabilities.js';
import { defineLoss } from './loss.js';
import { checkInRange, type LossOption } from './loss-options.js';

const temperatureOption = {
  default: 4,
  range: { above: 0 },
  short: 'T',
  description: 'Divides the logits of student and teacher before the softmax.',
} as const satisfies LossOption;

export interface KlDivergenceOptions {
  /** Divides both logits before the softmax; greater than 0, default 4. */
  readonly temperature?: number;
}

/**
 * The divergence of the student's softened distribution from the teacher's.
 *
 * L = T² · Σ_k p_T (log p_T − log p_S), p_T = softmax(teacher / T), p_S = softmax(student / T)
 *
 * ∂L/∂student = T · (p_S − p_T)
 *
 * `student` and `teacher` are logits [batch, classes], float32; the result has shape [batch]. T² keeps the
 * size of the gradient independent of T. The teacher is a constant: no gradient flows to it. Equal logits
 * give exactly 0 in value and gradient; any finite logits give a finite result, unless the loss itself is
 * beyond float32.
 *
 * @throws InputError when shapes, types or batch sizes do not fit, or the temperature is not greater than 0.
 * Source: Hinton et al. 2015, "Distilling the Knowledge in a Neural Network".
 */
export function klDivergence(
  student: tf.Tensor2D,
  teacher: tf.Tensor2D,
  options: KlDivergenceOptions = {},
): tf.Tensor1D {
  return divergence('klDivergence', student, teacher, options.temperature ?? temperatureOption.default);
}

/** `kl` in recipes and flags: {@link klDivergence} of the logits. */
export const kl = defineLoss({
  name: 'kl',
  description: "The divergence of the student's softened distribution from the teacher's.",
  formula: 'T² Σₖ p_T (log p_T − log p_S), p = softmax(logits / T)',
  library: 'klDivergence(student, teacher, { temperature })',
  source: 'Hinton et al. 2015, "Distilling the Knowledge in a Neural Network"',
  needs: 'teacher',
  defaultWeight: 1,
  options: { temperature: temperatureOption },
  sameGradientAs: ({ temperature }) => (temperature === 1 ? 'refinery' : undefined),
  value: ({ logits, teacherLogits }, options) => klDivergence(logits, teacherLogits, options),
});

/** The divergence behind {@link klDivergence} and `labelRefinery`; `loss` names the caller in its errors. */
export function divergence(
  loss: string,
  student: tf.Tensor2D,
  teacher: tf.Tensor2D,
  temperature: number,
): tf.Tensor1D {
  checkFloat(loss, 'student logits', student, ['batch', 'classes']);
  checkFloat(loss, 'teacher logits', teacher, ['batch', 'classes']);
  checkSameSizes(loss, ['student logits', student], ['teacher logits', teacher]);
  checkInRange(loss, 'temperature', temperature, temperatureOption.range);
  return differentiable<tf.Tensor1D>([student], () => {
    const [value, slopes] = divergenceKernel({ student, teacher }, { temperature });
    return {
      value: value as tf.Tensor1D,
      saved: [slopes],
      gradients: (dy, [slopesOfStudent]) => [tf.mul(tf.expandDims(dy, 1), slopesOfStudent)],
    };
  });
}

/** The divergence of each sample, [batch], and its gradient to the student's logits, [batch, classes]. */
const divergenceKernel = composedKernel<{ readonly temperature: number }, tf.Tensor[]>(
  'KlDivergence',
  ({ student, teacher }, { temperature }) => {
    const ofTeacher = distributionOf(teacher as tf.Tensor2D, temperature);
    const ofStudent = distributionOf(student as tf.Tensor2D, temperature);
    const gap = tf.sub(ofTeacher.logProbabilities, ofStudent.logProbabilities);
    return [
      tf.mul(tf.sum(tf.mul(ofTeacher.probabilities, gap), 1), temperature ** 2),
      tf.mul(tf.sub(ofStudent.probabilities, ofTeacher.probabilities), temperature),
    ];
  },
);
