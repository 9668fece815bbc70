import * as tf from '@tensorflow/tfjs-core';

/** The L2 norm under which a map counts as zero: it has no direction, so it pulls nowhere. */
export const ZERO_NORM = 1e-12;

/** The squared distance of the directions of two batches of vectors. */
export interface UnitDistance {
  /** ‖a/‖a‖ − b/‖b‖‖², [batch]. */
  readonly value: tf.Tensor1D;
  /** The gradient of `value` to a is gradientScale · (difference − projection · a): factors [batch, 1]. */
  readonly gradientScale: tf.Tensor2D;
  readonly projection: tf.Tensor2D;
  /** a/‖a‖ − b/‖b‖, [batch, length]. */
  readonly difference: tf.Tensor2D;
}

/**
 * Compares the directions of the rows of `a` and `b`, both [batch, length].
 *
 * With u = a/‖a‖, v = b/‖b‖ and d = u − v: value ‖d‖², gradient (2/‖a‖) (d − u (u·d)). The distance is summed from the
 * differences and not as 2 − 2 u·v, which cancels when the two agree. Norms under 1e-12 are taken as 1e-12, and such
 * rows of `a` get no gradient.
 */
export function unitDistance(a: tf.Tensor2D, b: tf.Tensor2D): UnitDistance {
  const lengthA = norms(a);
  const lengthB = norms(b);
  const safeA = tf.maximum(lengthA, ZERO_NORM);
  const safeB = tf.maximum(lengthB, ZERO_NORM);
  const difference = tf.sub<tf.Tensor2D>(tf.div(a, safeA), tf.div(b, safeB));
  const squared = tf.sum<tf.Tensor2D>(tf.square(difference), 1, true);
  // u·d = (‖d‖² + ‖u‖² − ‖v‖²) / 2 needs no further pass over the maps; ‖u‖ is 1 wherever the gradient counts.
  const squaredB = tf.square(tf.div(lengthB, safeB));
  const along = tf.div(tf.add(squared, tf.sub(1, squaredB)), 2);
  const pulls = tf.cast(tf.greater(lengthA, ZERO_NORM), 'float32');
  return {
    value: tf.squeeze(squared, [1]),
    gradientScale: tf.div(tf.mul(2, pulls), safeA),
    projection: tf.div(along, safeA),
    difference,
  };
}

function norms(rows: tf.Tensor2D): tf.Tensor2D {
  return tf.sqrt(tf.sum<tf.Tensor2D>(tf.square(rows), 1, true));
}
