import { philox4x32, purposes } from './random.js';

/** The share of the training images that is held out to select a model. */
export const VALIDATION_FRACTION = 0.05;

/**
 * The rows of the training images that are held out for validation: round(0.05 n) of them. They are the same
 * for every run and every seed.
 *
 * Each class gives 5 %, rounded down; the rest comes from the classes with the largest remainders. Within a
 * class the images with the lowest hashes are held out. The hash is a Philox word of the original index
 * alone, so that most images stay in their split when only a part of a data set is used.
 *
 * @param indices original index of each row
 * @param labels label of each row, in [0, classCount)
 * @returns rows in ascending order
 */
export function validationRows(indices: Uint32Array, labels: Int32Array, classCount: number): Uint32Array {
  const rowsOfClass: number[][] = Array.from({ length: classCount }, () => []);
  labels.forEach((label, row) => rowsOfClass[label].push(row));
  const quotas = quotasOf(
    rowsOfClass.map((rows) => rows.length),
    Math.round(VALIDATION_FRACTION * labels.length),
  );
  const hashes = indices.map(hashOfIndex);
  return Uint32Array.from(
    rowsOfClass.flatMap((rows, label) =>
      rows.sort((a, b) => hashes[a] - hashes[b] || indices[a] - indices[b]).slice(0, quotas[label]),
    ),
  ).sort();
}

/** The other rows, in ascending order. */
export function trainingRows(rowCount: number, heldOut: Uint32Array): Uint32Array {
  const held = new Set(heldOut);
  return Uint32Array.from({ length: rowCount }, (_, row) => row).filter((row) => !held.has(row));
}

/**
 * Divides `total` among classes in proportion to their counts, by largest remainders; ties go to the lower
 * label.
 */
function quotasOf(counts: readonly number[], total: number): number[] {
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (all === 0) return counts.map(() => 0);
  const quotas = counts.map((count) => Math.floor((count * total) / all));
  const remainder = (label: number): number => (counts[label] * total) % all;
  const missing = total - quotas.reduce((sum, quota) => sum + quota, 0);
  counts
    .map((_, label) => label)
    .sort((a, b) => remainder(b) - remainder(a) || a - b)
    .slice(0, missing)
    .forEach((label) => quotas[label]++);
  return quotas;
}

function hashOfIndex(index: number): number {
  return philox4x32([0, index, 0, purposes.validationSplit], [0, 0])[0];
}
