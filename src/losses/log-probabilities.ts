import * as tf from '@tensorflow/tfjs-core';

const LARGEST_FLOAT32 = 3.4028234663852886e38;

/** A distribution over classes for each sample, and its logarithm: both [batch, classes]. */
export interface Distribution {
  readonly probabilities: tf.Tensor2D;
  readonly logProbabilities: tf.Tensor2D;
}

/**
 * softmax(logits / temperature) and its logarithm, for logits [batch, classes].
 *
 * The largest logit is taken off before the division, so nothing overflows; a logarithm that float32 cannot
 * hold (a logit of −∞ included) ends at its lowest finite number, so that 0 · log 0 is 0 in the sums that
 * follow.
 */
export function distributionOf(logits: tf.Tensor2D, temperature = 1): Distribution {
  const aboveNone = tf.sub(logits, tf.max(logits, 1, true));
  const shifted = tf.maximum(
    temperature === 1 ? aboveNone : tf.div(aboveNone, temperature),
    -LARGEST_FLOAT32,
  );
  const powers = tf.exp(shifted);
  const total = tf.sum(powers, 1, true);
  return { probabilities: tf.div(powers, total), logProbabilities: tf.sub(shifted, tf.log(total)) };
}
