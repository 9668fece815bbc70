import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from '../ops/differentiable.js';
import { checkFloat, checkLabels } from './argument-checks.js';
import { Centers, rateOption } from './centers.js';
import { nanWhereUnknown } from './known-labels.js';
import { defineLoss } from './loss.js';
import { InputError } from '../errors.js';

/**
 * The squared distance of each feature vector to the centre of its class.
 *
 * L = Σ_d (features − centers[label])², without the factor ½ of the paper
 *
 * ∂L/∂features = 2 (features − centers[label]), ∂L/∂centers[k] = −Σ over the samples of class k of the same
 *
 * `features` [batch, width] and `centers` [classes, width], float32; `labels` [batch], int32; the result has
 * shape [batch]. Gradients flow to features and centres. The value of a sample whose label is outside [0,
 * classes) is NaN, and it moves no centre.
 *
 * @throws InputError when shapes, types or batch sizes do not fit.
 * Source: Wen et al. 2016, "A Discriminative Feature Learning Approach for Deep Face Recognition".
 */
export function centerLoss(features: tf.Tensor2D, labels: tf.Tensor1D, centers: tf.Tensor2D): tf.Tensor1D {
  const loss = 'centerLoss';
  checkFloat(loss, 'features', features, ['batch', 'width']);
  checkFloat(loss, 'centers', centers, ['classes', 'width']);
  checkLabels(loss, labels, features.shape[0]);
  const [classes, width] = centers.shape;
  if (width !== features.shape[1]) {
    throw new InputError(
      `${loss} expects centers as wide as the features, but got features of width ${features.shape[1]} and centers of width ${width}`,
    );
  }
  return differentiable<tf.Tensor1D>([features, centers], () => {
    // Gathering beyond the end throws on some backends and reads other memory on some, so labels are clipped.
    const own = tf.gather(centers, tf.clipByValue(labels, 0, classes - 1));
    const offset = tf.sub(features, own);
    return {
      value: tf.add(tf.sum<tf.Tensor1D>(tf.square(offset), 1), nanWhereUnknown(labels, classes)),
      saved: [offset, labels],
      gradients: (dy, [kept, indices]) => {
        const ofFeatures = tf.mul(tf.mul(tf.expandDims(dy, 1), 2), kept);
        const membership = tf.oneHot(indices, classes, 1, 0, 'float32') as tf.Tensor2D;
        return [ofFeatures, tf.neg(tf.matMul(membership, ofFeatures, true, false))];
      },
    };
  });
}

/** `center` in recipes and flags: {@link centerLoss} of what the classifier takes, with {@link Centers}. */
export const center = defineLoss({
  name: 'center',
  description:
    'Draws what the classifier takes to the centre of its class; the centres learn at a rate of their own.',
  formula: 'Σ_d (f − center[label])², f what the classifier takes',
  library: 'centerLoss(features, labels, centers)',
  source: 'Wen et al. 2016, "A Discriminative Feature Learning Approach for Deep Face Recognition"',
  needs: ['labels', 'pooled'],
  options: { rate: rateOption },
  state: {
    create: ({ classes, width }, { rate }) => new Centers([classes, width], rate),
    prefix: 'centers.',
  },
  value: ({ pooled, byLabels }, _options, centers) =>
    byLabels((labels) => centerLoss(pooled, labels, centers.variable)),
});
