import { add, mul, type Tensor1D, type Tensor4D } from '@tensorflow/tfjs-core';

/** A feature map of the student and the teacher's of the same height and width, NHWC. */
export interface MapPair {
  /** The level of the student, from 1. */
  readonly level: number;
  /** In channels of its own, or in the teacher's for a loss that needs `connectedMaps`. */
  readonly student: Tensor4D;
  /** Each sample of unit norm times √(H·W·C); its channels may be of another number than the student's. */
  readonly teacher: Tensor4D;
}

/**
 * The mean of a comparison over the pairs of levels.
 *
 * @param compare gives one value a sample, [batch]
 */
export function meanOverPairs(
  pairs: readonly MapPair[],
  compare: (student: Tensor4D, teacher: Tensor4D) => Tensor1D,
): Tensor1D {
  const sum = pairs
    .map(({ student, teacher }) => compare(student, teacher))
    .reduce((total, value) => add(total, value));
  return mul(sum, 1 / pairs.length);
}
