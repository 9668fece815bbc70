import type { Tensor4D, Variable } from '@tensorflow/tfjs-core';
import { dilatedConv2d } from '../../ops/dilated-conv2d.js';
import type { ConvSize } from '../conv2d.js';
import type { Scope } from '../parameters.js';

/**
 * A convolution of few channels without bias that keeps the size, position-major; see `dilatedConv2d`.
 * Parameter: `filter` [k, k, C, K], He-normal.
 */
export class DilatedConv2d {
  private readonly filter: Variable & Tensor4D;

  /** @param dilation the distance between taps, default 1 */
  constructor(
    scope: Scope,
    { inputs, outputs, window }: ConvSize,
    private readonly dilation = 1,
  ) {
    const fill = { kind: 'heNormal', fanIn: window * window * inputs } as const;
    this.filter = scope.parameter('filter', [window, window, inputs, outputs], fill);
  }

  apply(x: Tensor4D): Tensor4D {
    return dilatedConv2d(x, this.filter, this.dilation);
  }
}
