import { InputError } from '../errors.js';

/**
 * Smaller probabilities are raised to this, the smallest float16 above 0. So logarithms are finite, and
 * float16 and float32 caches give the same targets.
 */
export const leastProbability = 2 ** -24;

/** The largest probabilities of each row. */
export interface LargestProbabilities {
  /** Classes, [rows, k], the largest probability first; of equal ones the lower class first. */
  readonly indices: Uint16Array;
  /** [rows, k]. */
  readonly probabilities: Float32Array;
}

/**
 * The `k` largest probabilities softmax(logits) of each row.
 *
 * @param logits [rows, classes]
 */
export function keepLargest(logits: Float32Array, classes: number, k: number): LargestProbabilities {
  const rows = logits.length / classes;
  const indices = new Uint16Array(rows * k);
  const probabilities = new Float32Array(rows * k);
  const order = Array.from({ length: classes }, (_, label) => label);
  for (let row = 0; row < rows; row++) {
    const values = logits.subarray(row * classes, (row + 1) * classes);
    order.sort((a, b) => values[b] - values[a] || a - b);
    const largest = values[order[0]];
    const sum = values.reduce((all, logit) => all + Math.exp(logit - largest), 0);
    for (let n = 0; n < k; n++) {
      indices[row * k + n] = order[n];
      probabilities[row * k + n] = Math.exp(values[order[n]] - largest) / sum;
    }
  }
  return { indices, probabilities };
}

/**
 * Logits of a distribution whose largest probabilities are known: log p for each of these, and for each other
 * class the logarithm of an equal share of the rest, (1 − Σ p) / (classes − k). Probabilities are at least
 * {@link leastProbability}. The softmax of the logits at temperature 1 is that distribution.
 *
 * @param logits [rows, classes], overwritten
 */
export function spreadLogits(
  indices: Uint16Array,
  probabilities: Float32Array,
  classes: number,
  logits: Float32Array,
): void {
  const rows = logits.length / classes;
  const k = indices.length / rows;
  for (let row = 0; row < rows; row++) {
    const kept = probabilities.subarray(row * k, (row + 1) * k);
    const remaining = 1 - kept.reduce((sum, probability) => sum + probability, 0);
    const share = Math.log(Math.max(remaining / Math.max(classes - k, 1), leastProbability));
    logits.fill(share, row * classes, (row + 1) * classes);
    kept.forEach((probability, n) => {
      logits[row * classes + indices[row * k + n]] = Math.log(Math.max(probability, leastProbability));
    });
  }
}

/** @throws InputError unless `k` of `classes` probabilities can be kept */
export function checkTopK(k: number, classes: number): void {
  if (Number.isInteger(k) && k >= 1 && k <= classes && classes <= 65536) return;
  throw new InputError(
    classes > 65536
      ? `\`topK\` is for teachers of at most 65,536 classes, and this one has ${classes.toLocaleString('en-US')}.`
      : `\`topK\` must be a whole number from 1 to ${classes}, the number of classes, got ${k}.`,
  );
}
