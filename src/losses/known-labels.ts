import * as tf from '@tensorflow/tfjs-core';

/**
 * 0 for each label in [0, classes), NaN for any other: [batch]. Added to a loss, it makes a wrong label
 * visible without reading the labels back from the device.
 */
export function nanWhereUnknown(labels: tf.Tensor1D, classes: number): tf.Tensor1D {
  const known = tf.logicalAnd(tf.greaterEqual(labels, 0), tf.less(labels, classes));
  return tf.where(known, tf.zeros([labels.size]), tf.fill([labels.size], NaN));
}
