import { div, sub, tensor1d, tensor4d, type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import type { Batch } from '../data/batch.js';
import type { Dataset } from '../data/dataset.js';

/** The images of a batch as the student takes them, NHWC: (x − mean) / std of the data set, for each colour. */
export function studentInput(
  { size, images }: Batch,
  { size: [height, width], mean, std }: Dataset,
): Tensor4D {
  return tidy(() => {
    const input = tensor4d(images, [size, height, width, 3]);
    return div<Tensor4D>(sub(input, tensor1d([...mean])), tensor1d([...std]));
  });
}
