import type * as tf from '@tensorflow/tfjs-core';
import { InputError } from '../errors.js';

function shapeText(tensor: tf.Tensor): string {
  return `[${tensor.shape.join(', ')}]`;
}

/** Refuses a tensor that is not float32 of the rank that `axes` names. */
export function checkFloat(loss: string, what: string, tensor: tf.Tensor, axes: readonly string[]): void {
  if (tensor.rank !== axes.length) {
    throw new InputError(
      `${loss} expects ${what} of shape [${axes.join(', ')}], but got ${what} of shape ${shapeText(tensor)}`,
    );
  }
  if (tensor.dtype !== 'float32') {
    throw new InputError(`${loss} expects ${what} of type float32, but got ${tensor.dtype}`);
  }
}

/** Refuses two tensors whose sizes differ along one of the axes: batch sizes are named before the rest. */
export function checkSameSizes(
  loss: string,
  [firstName, first]: readonly [string, tf.Tensor],
  [secondName, second]: readonly [string, tf.Tensor],
  axes: readonly number[] = first.shape.map((_, axis) => axis),
): void {
  if (first.shape[0] !== second.shape[0]) {
    throw new InputError(
      `${loss} expects one batch size, but got ${first.shape[0]} for ${firstName} and ${second.shape[0]} for ${secondName}`,
    );
  }
  if (axes.some((axis) => first.shape[axis] !== second.shape[axis])) {
    throw new InputError(
      `${loss} expects ${firstName} and ${secondName} that match, but got shapes ${shapeText(first)} and ${shapeText(second)}`,
    );
  }
}

/** Refuses labels that are not int32 of shape [batch]. */
export function checkLabels(loss: string, labels: tf.Tensor, batch: number): void {
  if (labels.rank !== 1) {
    throw new InputError(
      `${loss} expects labels of shape [batch], but got labels of shape ${shapeText(labels)}`,
    );
  }
  if (labels.dtype !== 'int32') {
    throw new InputError(`${loss} expects labels of type int32, but got ${labels.dtype}`);
  }
  if (labels.shape[0] !== batch) {
    throw new InputError(
      `${loss} expects one label a sample, but got labels of shape ${shapeText(labels)} for a batch of ${batch}`,
    );
  }
}
