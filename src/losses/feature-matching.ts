import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from '../ops/differentiable.js';
import { checkFloat, checkSameSizes } from './argument-checks.js';
import { defineLoss } from './loss.js';
import { meanOverPairs } from './map-pairs.js';
import { unitDistanceGradKernel, unitDistanceKernel } from './unit-distance.js';

/**
 * The squared distance of two feature maps after each is flattened and L2-normalised.
 *
 * L = ‖ F_S/‖F_S‖₂ − F_T/‖F_T‖₂ ‖₂² = 2 − 2 cos(F_S, F_T), in [0, 4]; in [0, 2] if no map is negative
 *
 * `student` and `teacher` are maps [batch, height, width, channels] (NHWC) of one shape, float32; the result
 * has shape [batch]. Scale does not matter for norms from 1e-12 to 1e19. A map whose norm is smaller counts
 * as zero: its distance to another is 1 and it gets no gradient. The teacher is a constant: no gradient flows
 * to it.
 *
 * @throws InputError when shapes, types or batch sizes do not fit.
 * Source: Romero et al. 2015, "FitNets", with normalised maps.
 */
export function featureMatching(student: tf.Tensor4D, teacher: tf.Tensor4D): tf.Tensor1D {
  const loss = 'featureMatching';
  const axes = ['batch', 'height', 'width', 'channels'];
  checkFloat(loss, 'student maps', student, axes);
  checkFloat(loss, 'teacher maps', teacher, axes);
  checkSameSizes(loss, ['student maps', student], ['teacher maps', teacher]);
  const rows: [number, number] = [student.shape[0], student.size / student.shape[0]];
  return differentiable<tf.Tensor1D>([student], () => {
    const a = tf.reshape<tf.Rank.R2>(student, rows);
    const b = tf.reshape<tf.Rank.R2>(teacher, rows);
    const [value, statistics] = unitDistanceKernel({ a, b }, {});
    return {
      value,
      saved: [a, b, statistics],
      gradients: (dy, [savedA, savedB, savedStatistics]) => {
        const gradient = unitDistanceGradKernel(
          { dy, a: savedA, b: savedB, statistics: savedStatistics },
          {},
        );
        return [tf.reshape(gradient, student.shape)];
      },
    };
  });
}

/** `features` in recipes and flags: {@link featureMatching} of the maps, mean over the pairs of levels. */
export const features = defineLoss({
  name: 'features',
  description: "The distance of the student's feature maps from the teacher's, both of unit norm.",
  formula: '‖F_S/‖F_S‖ − F_T/‖F_T‖‖², maps flattened; mean over the pairs of levels',
  library: 'featureMatching(student, teacher)',
  source: 'Romero et al. 2015, "FitNets", with normalised maps',
  needs: 'connectedMaps',
  defaultWeight: 1,
  value: ({ maps }) => meanOverPairs(maps, featureMatching),
});
