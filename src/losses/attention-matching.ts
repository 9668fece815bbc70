import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from '../ops/differentiable.js';
import { checkFloat, checkSameSizes } from './argument-checks.js';
import { defineLoss } from './loss.js';
import { meanOverPairs } from './map-pairs.js';
import { ZERO_NORM, unitDistance } from './unit-distance.js';

/**
 * The squared distance of two attention maps: where a network is active, whatever its channels mean.
 *
 * L = ‖ Q_S/‖Q_S‖₂ − Q_T/‖Q_T‖₂ ‖₂², Q = Σ_c F² over the channels, flattened over space; in [0, 2]
 *
 * `student` and `teacher` are maps [batch, height, width, channels] (NHWC), float32, of one batch size,
 * height and width; the channel counts may differ. The result has shape [batch]. The sum and the mean over
 * the channels give the same after normalisation, and a map of one channel √Q stands for the map it was made
 * of. Scale does not matter for magnitudes from 1e-12 to 1e18. A zero map, or one far smaller than that, has
 * distance 1 to any other and gets no gradient. The teacher is a constant: no gradient flows to it.
 *
 * @throws InputError when shapes, types or batch sizes do not fit.
 * Source: Zagoruyko and Komodakis 2017, "Paying More Attention to Attention", without its mean over space.
 */
export function attentionMatching(student: tf.Tensor4D, teacher: tf.Tensor4D): tf.Tensor1D {
  const loss = 'attentionMatching';
  const axes = ['batch', 'height', 'width', 'channels'];
  checkFloat(loss, 'student maps', student, axes);
  checkFloat(loss, 'teacher maps', teacher, axes);
  checkSameSizes(loss, ['student maps', student], ['teacher maps', teacher], [0, 1, 2]);
  return differentiable<tf.Tensor1D>([student], () => {
    const ofStudent = attentionMap(student);
    const { value, gradientScale, projection, difference } = unitDistance(
      ofStudent.map,
      attentionMap(teacher).map,
    );
    const toMap = tf.mul(gradientScale, tf.sub(difference, tf.mul(projection, ofStudent.map)));
    // dQ/dF = 2F, and the map was divided by its peak, of which the distance does not depend.
    const toSquares = tf.div(tf.mul(toMap, 2), ofStudent.peak);
    return {
      value,
      saved: [student, toSquares],
      gradients: (dy, [maps, factors]) => {
        const [batch, height, width] = student.shape;
        const perPixel = tf.reshape(tf.mul(tf.expandDims(dy, 1), factors), [batch, height, width, 1]);
        return [tf.mul(maps, perPixel)];
      },
    };
  });
}

/** `attention` in recipes and flags: {@link attentionMatching} of the maps, mean over the pairs of levels. */
export const attention = defineLoss({
  name: 'attention',
  description:
    'The distance of the places where student and teacher are active, whatever their channels mean.',
  formula: '‖Q_S/‖Q_S‖ − Q_T/‖Q_T‖‖², Q = Σ_c F²; mean over the pairs of levels',
  library: 'attentionMatching(student, teacher)',
  source: 'Zagoruyko and Komodakis 2017, "Paying More Attention to Attention"',
  needs: 'maps',
  value: ({ maps }) => meanOverPairs(maps, attentionMatching),
});

/** Q of each map divided by its largest value, [batch, height·width]: its square stays within float32. */
function attentionMap(maps: tf.Tensor4D): { map: tf.Tensor2D; peak: tf.Tensor2D } {
  const [batch, height, width] = maps.shape;
  const squares = tf.reshape<tf.Rank.R2>(tf.sum(tf.square(maps), 3), [batch, height * width]);
  const peak = tf.maximum<tf.Tensor2D>(tf.max(squares, 1, true), ZERO_NORM ** 2);
  return { map: tf.div(squares, peak), peak };
}
