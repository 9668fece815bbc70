import * as tf from '@tensorflow/tfjs-core';
import { composedKernel } from '../ops/kernel.js';

/** The L2 norm under which a map counts as zero: it has no direction, so it pulls nowhere. */
export const ZERO_NORM = 1e-12;

/** The squared distance of the directions of two batches of vectors. */
export interface UnitDistance {
  /** ‖a/‖a‖ − b/‖b‖‖², [batch]. */
  readonly value: tf.Tensor1D;
  /** ‖a‖ and ‖b‖, at least {@link ZERO_NORM}, [batch, 1]. */
  readonly lengthA: tf.Tensor2D;
  readonly lengthB: tf.Tensor2D;
  /** The gradient of `value` to a is gradientScale · (difference − projection · a): factors [batch, 1]. */
  readonly gradientScale: tf.Tensor2D;
  readonly projection: tf.Tensor2D;
  /** a/‖a‖ − b/‖b‖, [batch, length]. */
  readonly difference: tf.Tensor2D;
}

/**
 * Compares the directions of the rows of `a` and `b`, both [batch, length].
 *
 * With u = a/‖a‖, v = b/‖b‖ and d = u − v: value ‖d‖², gradient (2/‖a‖) (d − u (u·d)). The distance is summed
 * from the differences and not as 2 − 2 u·v, which cancels when the two agree. Norms under 1e-12 are taken as
 * 1e-12, and such rows of `a` get no gradient.
 */
export function unitDistance(a: tf.Tensor2D, b: tf.Tensor2D): UnitDistance {
  const normA = norms(a);
  const normB = norms(b);
  const lengthA = tf.maximum<tf.Tensor2D>(normA, ZERO_NORM);
  const lengthB = tf.maximum<tf.Tensor2D>(normB, ZERO_NORM);
  const difference = differenceOf(a, b, lengthA, lengthB);
  const squared = tf.sum<tf.Tensor2D>(tf.square(difference), 1, true);
  // u·d = (‖d‖² + ‖u‖² − ‖v‖²) / 2 needs no further pass over the maps; ‖u‖ is 1 wherever the gradient
  // counts.
  const squaredB = tf.square(tf.div(normB, lengthB));
  const along = tf.div(tf.add(squared, tf.sub(1, squaredB)), 2);
  const pulls = tf.cast(tf.greater(normA, ZERO_NORM), 'float32');
  return {
    value: tf.squeeze(squared, [1]),
    lengthA,
    lengthB,
    gradientScale: tf.div(tf.mul(2, pulls), lengthA),
    projection: tf.div(along, lengthA),
    difference,
  };
}

/**
 * The kernel of {@link unitDistance}. Inputs a and b [batch, length]; outputs `value` [batch] and statistics
 * [batch, 4]: the columns lengthA, lengthB, gradientScale and projection.
 */
export const unitDistanceKernel = composedKernel<object, [tf.Tensor1D, tf.Tensor2D]>(
  'UnitDistance',
  ({ a, b }) => {
    const { value, ...rest } = unitDistance(a as tf.Tensor2D, b as tf.Tensor2D);
    return [value, tf.concat2d([rest.lengthA, rest.lengthB, rest.gradientScale, rest.projection], 1)];
  },
);

/**
 * The gradient of {@link unitDistanceKernel} to a. Inputs dy [batch], a, b and the statistics; output [batch,
 * length].
 */
export const unitDistanceGradKernel = composedKernel<object, tf.Tensor2D>(
  'UnitDistanceGrad',
  ({ dy, a, b, statistics }) => {
    const [lengthA, lengthB, scale, projection] = tf.split(statistics, 4, 1);
    const factor = tf.mul(tf.expandDims(dy, 1), scale);
    return tf.mul(factor, tf.sub(differenceOf(a, b, lengthA, lengthB), tf.mul(a, projection)));
  },
);

function differenceOf(a: tf.Tensor, b: tf.Tensor, lengthA: tf.Tensor, lengthB: tf.Tensor): tf.Tensor2D {
  return tf.sub(tf.div(a, lengthA), tf.div(b, lengthB));
}

function norms(rows: tf.Tensor2D): tf.Tensor2D {
  return tf.sqrt(tf.sum<tf.Tensor2D>(tf.square(rows), 1, true));
}
