import type { Batches } from '../data/batches.js';
import { type Dataset, firstRows } from '../data/dataset.js';
import { repeatedBatches } from './repeated-batches.js';
import type { RunTeacher } from './run-teacher.js';

/** The first images of each split, to which a trial run is limited. */
export interface ImageLimit {
  /** Batches of an epoch. */
  readonly steps: number;
  /** How often each batch comes in an epoch; default once. */
  readonly repeats?: number;
  /** Images of the validation split and of the test split. */
  readonly evaluated: number;
}

/** A teacher with the first images of each split. A cache that it fills is left incomplete. */
export function limitedTeacher(
  teacher: RunTeacher,
  { steps, evaluated }: ImageLimit,
  batchSize: number,
): RunTeacher {
  const [training, validation, test] = teacher.splits;
  const first = <D extends Dataset>(split: D, count: number): D =>
    firstRows(split, Math.min(count, split.length));
  const splits = [
    first(training, steps * batchSize),
    first(validation, evaluated),
    first(test, evaluated),
  ] as const;
  return { ...teacher, splits, endEpoch: () => Promise.resolve() };
}

/** The batches of an epoch, each as often as the limit says. */
export function limitedBatches(batches: Batches, { repeats }: ImageLimit): Batches {
  return repeats === undefined ? batches : repeatedBatches(batches, repeats);
}
