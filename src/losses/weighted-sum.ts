import * as tf from '@tensorflow/tfjs-core';
import { InputError } from '../errors.js';
import { differentiable } from '../ops/differentiable.js';
import { composedKernel, untaped } from '../ops/kernel.js';

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
  /**
   * The batch mean of each term, without its weight, in the order of the terms: to be read, constants on the
   * tape.
   */
  readonly byName: ReadonlyMap<string, tf.Scalar>;
}

/**
 * The weighted sum of the batch means of named terms.
 *
 * total = Σ_i weight_i · (1/batch) Σ_b value_i[b]
 *
 * Values are float32 of shape [batch]. A term of weight 0 stays out of the total altogether, so that it
 * cannot make it non-finite. Inside a function whose gradient is taken, keep the means (`tf.keep`) that are
 * to be read afterwards.
 *
 * @throws InputError when there is no term, a name comes twice, a weight is negative or not finite, or the
 *   values are not of one shape [batch].
 */
export function weightedSum(terms: readonly LossTerm[]): WeightedSum {
  if (terms.length === 0) throw new InputError('a weighted sum expects at least one loss term, but got none');
  const batch = terms[0].value.shape[0];
  const names = new Set<string>();
  for (const { name, weight, value } of terms) {
    if (names.has(name)) throw new InputError(`loss term "${name}" comes twice in a weighted sum`);
    names.add(name);
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
  }
  const values = Object.fromEntries(terms.map(({ value }, i) => [i, value]));
  const weights = terms.map(({ weight }) => weight);
  const [total, ...means] = untaped(() => weightedMeans(values, { weights })) as tf.Scalar[];
  const weighed = terms.filter(({ weight }) => weight > 0);
  return {
    total: differentiable<tf.Scalar>(
      weighed.map(({ value }) => value),
      () => ({
        value: total,
        saved: [],
        gradients: (dy) => weighed.map(({ weight }) => shares({ dy }, { batch, weight })),
      }),
    ),
    byName: new Map(terms.map(({ name }, i) => [name, means[i]])),
  };
}

/** Σ weight · mean of the inputs '0', '1', … that have a weight, and the mean of each. */
const weightedMeans = composedKernel<{ readonly weights: readonly number[] }, tf.Tensor[]>(
  'WeightedMeans',
  (values, { weights }) => {
    const means = weights.map((_, i) => tf.mean<tf.Scalar>(values[i]));
    const total = means.reduce<tf.Scalar>(
      (sum, mean, i) => (weights[i] > 0 ? tf.add(sum, tf.mul(mean, weights[i])) : sum),
      tf.scalar(0),
    );
    return [total, ...means];
  },
);

/** dy · weight / batch for each sample. */
const shares = composedKernel<{ readonly batch: number; readonly weight: number }, tf.Tensor1D>(
  'EqualShares',
  ({ dy }, { batch, weight }) => tf.mul(tf.fill<tf.Rank.R1>([batch], weight / batch), dy),
);
