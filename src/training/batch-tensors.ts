import { type Tensor, tensor1d, tensor2d, tensor4d, type Tensor4D } from '@tensorflow/tfjs-core';
import type { Batch } from '../data/batch.js';
import type { Dataset } from '../data/dataset.js';
import { studentInput } from '../models/student-input.js';
import type { TeacherTargets } from '../teacher/targets.js';
import type { LevelPair } from './level-pairs.js';
import type { LossInputs, TargetTensors } from './loss-terms.js';

/** A batch with its targets as tensors. */
export interface BatchTensors extends Pick<LossInputs, 'labels' | 'mix' | 'targets'> {
  /** The normalised images, NHWC. */
  readonly input: Tensor4D;
}

/**
 * Makes the tensors of a batch; the caller disposes of them with {@link disposeBatch}.
 *
 * @param dataset the training images, for their normalisation and classes
 * @param pairs the pairs whose feature maps are compared
 */
export function batchTensors(
  batch: Batch,
  targets: TeacherTargets | undefined,
  dataset: Dataset,
  pairs: readonly LevelPair[],
): BatchTensors {
  const { labels, mix, size } = batch;
  return {
    input: studentInput(batch, dataset),
    labels: tensor1d(labels, 'int32'),
    mix: mix && {
      labels: tensor1d(
        Int32Array.from(mix.partner, (place) => labels[place]),
        'int32',
      ),
      lambda: mix.lambda,
    },
    targets: targets && targetTensors(targets, size, pairs),
  };
}

export function disposeBatch({ input, labels, mix, targets }: BatchTensors): void {
  const tensors: (Tensor | undefined)[] = [input, labels, mix?.labels, targets?.logits];
  for (const tensor of [...tensors, ...(targets?.features.values() ?? [])]) tensor?.dispose();
}

function targetTensors(
  { logits, features }: TeacherTargets,
  size: number,
  pairs: readonly LevelPair[],
): TargetTensors {
  const maps = pairs.map(
    ({ tap }) => [tap.name, tensor4d(features.get(tap.name)!, [size, ...tap.shape])] as const,
  );
  return { logits: tensor2d(logits, [size, logits.length / size]), features: new Map(maps) };
}
