import * as tf from '@tensorflow/tfjs-core';
import '../ops/stock-gradients.js';
import { InputError } from '../errors.js';

/** One named term of a loss. */
export interface LossTerm {
  readonly name: string;
  /** At least 0. A term of weight 0 is reported and trains nothing. */
  readonly weight: number;
  /** The loss of each sample, [batch]. */
  readonly value: tf.Tensor1D;
}

/** The loss of a batch and its parts. */
export interface WeightedSum {
  /** Σ weight · mean over the batch of the term's value. */
  readonly total: tf.Scalar;
  /** The batch mean of each term, without its weight, in the order of the terms. */
  readonly byName: ReadonlyMap<string, tf.Scalar>;
}

/**
 * The weighted sum of the batch means of named terms.
 *
 * total = Σ_i weight_i · (1/batch) Σ_b value_i[b]
 *
 * Values are float32 of shape [batch]. A term of weight 0 stays out of the total altogether, so that it cannot make it
 * non-finite. Inside a function whose gradient is taken, keep the means (`tf.keep`) that are to be read afterwards.
 *
 * @throws InputError when there is no term, a name comes twice, a weight is negative or not finite, or the values are not
 * of one shape [batch].
 */
export function weightedSum(terms: readonly LossTerm[]): WeightedSum {
  if (terms.length === 0) throw new InputError('a weighted sum expects at least one loss term, but got none');
  const batch = terms[0].value.shape[0];
  const byName = new Map<string, tf.Scalar>();
  let total = tf.scalar(0);
  for (const { name, weight, value } of terms) {
    if (byName.has(name)) throw new InputError(`loss term "${name}" comes twice in a weighted sum`);
    if (!(weight >= 0 && Number.isFinite(weight))) {
      throw new InputError(
        `the weight of loss term "${name}" must be a finite number of at least 0, but is ${weight}`,
      );
    }
    if (value.rank !== 1) {
      throw new InputError(
        `loss term "${name}" must have one value a sample, shape [batch], but has shape [${value.shape.join(', ')}]`,
      );
    }
    if (value.shape[0] !== batch) {
      throw new InputError(
        `loss terms must have one batch size, but got ${batch} for "${terms[0].name}" and ${value.shape[0]} for "${name}"`,
      );
    }
    const mean = tf.mean<tf.Scalar>(value);
    byName.set(name, mean);
    if (weight > 0) total = tf.add(total, tf.mul<tf.Scalar>(mean, weight));
  }
  return { total, byName };
}
