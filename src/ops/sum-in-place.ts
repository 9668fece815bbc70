import { add, type Tensor } from '@tensorflow/tfjs-core';
import { composedKernel } from './kernel.js';

/** a + b, in the memory of a if no other tensor shares it. */
const addTo = composedKernel<object, Tensor>('AddTo', ({ a, b }) => add(a, b));

/** a + b of equal shapes, off the tape. Both are disposed of, and the sum may have the memory of a. */
export function sumInPlace(a: Tensor, b: Tensor): Tensor {
  const sum = addTo({ a, b }, {});
  a.dispose();
  b.dispose();
  return sum;
}
