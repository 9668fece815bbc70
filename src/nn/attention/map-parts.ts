import { reshape, type Tensor2D, type Tensor3D, type Tensor4D } from '@tensorflow/tfjs-core';
import { averagePool } from '../../ops/pooling.js';

/**
 * A map of factors averaged over the stride of a convolution. The last window counts the positions that are
 * there.
 */
export function strided(x: Tensor4D, stride: number): Tensor4D {
  return stride === 1
    ? x
    : averagePool(x, { window: stride, stride, pad: 0, countPadding: false, ceil: true });
}

/** `layer` applied to the rows of x: [A, N, C] to [A, N, K]. */
export function ofEachRow(x: Tensor3D, layer: (rows: Tensor2D) => Tensor2D): Tensor3D {
  const [a, n, c] = x.shape;
  return reshape(layer(reshape(x, [a * n, c])), [a, n, -1]);
}
