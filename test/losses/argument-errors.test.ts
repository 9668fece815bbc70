import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import { attentionMatching } from '../../src/losses/attention-matching.js';
import { centerLoss } from '../../src/losses/center-loss.js';
import { featureMatching } from '../../src/losses/feature-matching.js';
import { klDivergence } from '../../src/losses/kl-divergence.js';
import { labelRefinery } from '../../src/losses/label-refinery.js';
import { labelSmoothedCrossEntropy } from '../../src/losses/label-smoothed-cross-entropy.js';
import { useTestBackend } from '../backends.js';

// The casts stand for callers without types: the checks are for them.
const matrix = (...shape: number[]): tf.Tensor2D => tf.zeros(shape as [number, number]);
const maps = (...shape: number[]): tf.Tensor4D => tf.zeros(shape as [number, number, number, number]);
const labels = (...values: number[]): tf.Tensor1D => tf.tensor1d(values, 'int32');

const cases: [message: string, call: () => tf.Tensor][] = [
  [
    'klDivergence expects student logits of shape [batch, classes], but got student logits of shape [6]',
    () => klDivergence(matrix(6), matrix(2, 3)),
  ],
  [
    'klDivergence expects teacher logits of shape [batch, classes], but got teacher logits of shape [2, 3, 1]',
    () => klDivergence(matrix(2, 3), matrix(2, 3, 1)),
  ],
  [
    'klDivergence expects one batch size, but got 2 for student logits and 4 for teacher logits',
    () => klDivergence(matrix(2, 3), matrix(4, 3)),
  ],
  [
    'klDivergence expects student logits and teacher logits that match, but got shapes [2, 3] and [2, 5]',
    () => klDivergence(matrix(2, 3), matrix(2, 5)),
  ],
  [
    'klDivergence expects teacher logits of type float32, but got int32',
    () => klDivergence(matrix(2, 3), tf.zeros([2, 3], 'int32')),
  ],
  ...[0, -1, NaN, Infinity].map((temperature): [string, () => tf.Tensor] => [
    `klDivergence expects a temperature greater than 0, but got ${temperature}`,
    () => klDivergence(matrix(2, 3), matrix(2, 3), { temperature }),
  ]),
  [
    'labelRefinery expects student logits and teacher logits that match, but got shapes [2, 3] and [2, 5]',
    () => labelRefinery(matrix(2, 3), matrix(2, 5)),
  ],
  [
    'labelSmoothedCrossEntropy expects student logits of shape [batch, classes], but got student logits of shape [3]',
    () => labelSmoothedCrossEntropy(matrix(3), labels(1)),
  ],
  [
    'labelSmoothedCrossEntropy expects labels of type int32, but got float32',
    () => labelSmoothedCrossEntropy(matrix(2, 3), tf.tensor1d([0, 1])),
  ],
  [
    'labelSmoothedCrossEntropy expects labels of shape [batch], but got labels of shape [2, 3]',
    () => labelSmoothedCrossEntropy(matrix(2, 3), tf.zeros([2, 3], 'int32') as unknown as tf.Tensor1D),
  ],
  [
    'labelSmoothedCrossEntropy expects one label a sample, but got labels of shape [3] for a batch of 2',
    () => labelSmoothedCrossEntropy(matrix(2, 3), labels(0, 1, 2)),
  ],
  ...[-0.1, 1, NaN].map((epsilon): [string, () => tf.Tensor] => [
    `labelSmoothedCrossEntropy expects an epsilon from 0 up to but not including 1, but got ${epsilon}`,
    () => labelSmoothedCrossEntropy(matrix(2, 3), labels(0, 1), { epsilon }),
  ]),
  [
    'featureMatching expects student maps of shape [batch, height, width, channels], but got student maps of shape [2, 8]',
    () => featureMatching(maps(2, 8), maps(2, 2, 2, 2)),
  ],
  [
    'featureMatching expects student maps and teacher maps that match, but got shapes [2, 4, 4, 3] and [2, 4, 4, 5]',
    () => featureMatching(maps(2, 4, 4, 3), maps(2, 4, 4, 5)),
  ],
  [
    'featureMatching expects one batch size, but got 2 for student maps and 1 for teacher maps',
    () => featureMatching(maps(2, 4, 4, 3), maps(1, 4, 4, 3)),
  ],
  [
    'attentionMatching expects student maps and teacher maps that match, but got shapes [2, 4, 4, 3] and [2, 4, 2, 3]',
    () => attentionMatching(maps(2, 4, 4, 3), maps(2, 4, 2, 3)),
  ],
  [
    'attentionMatching expects one batch size, but got 2 for student maps and 1 for teacher maps',
    () => attentionMatching(maps(2, 4, 4, 3), maps(1, 4, 4, 3)),
  ],
  [
    'centerLoss expects features of shape [batch, width], but got features of shape [2, 4, 4, 3]',
    () => centerLoss(matrix(2, 4, 4, 3), labels(0, 1), matrix(5, 3)),
  ],
  [
    'centerLoss expects centers of shape [classes, width], but got centers of shape [3]',
    () => centerLoss(matrix(2, 3), labels(0, 1), matrix(3)),
  ],
  [
    'centerLoss expects centers as wide as the features, but got features of width 3 and centers of width 4',
    () => centerLoss(matrix(2, 3), labels(0, 1), matrix(5, 4)),
  ],
  [
    'centerLoss expects labels of type int32, but got float32',
    () => centerLoss(matrix(2, 3), tf.tensor1d([0, 1]), matrix(5, 3)),
  ],
  [
    'centerLoss expects one label a sample, but got labels of shape [1] for a batch of 2',
    () => centerLoss(matrix(2, 3), labels(0), matrix(5, 3)),
  ],
];

describe('losses refuse what does not fit, naming it', () => {
  beforeAll(() => useTestBackend('cpu'));

  it.each(cases)('%s', (message, call) => {
    let thrown: unknown;
    tf.tidy(() => {
      try {
        call();
      } catch (error) {
        thrown = error;
      }
    });
    expect(thrown).toBeInstanceOf(InputError);
    expect((thrown as InputError).message).toBe(message);
  });
});
