import {
  matMul,
  type Rank,
  reshape,
  tensor2d,
  type Tensor4D,
  tidy,
  type Variable,
} from '@tensorflow/tfjs-core';
import { conv2d } from '../../ops/conv2d.js';
import type { Scope } from '../parameters.js';

/**
 * A dilated 3×3 convolution without bias that keeps the size, as a convolution with zeros between the taps: TensorFlow.js has
 * no gradient of dilated ones, and these have few channels. Position-major; parameter `filter` [3, 3, C, C], He-normal.
 */
export class DilatedConv2d {
  private readonly filter: Variable & Tensor4D;
  private readonly window: number;
  /** [window², 9]: 1 where a tap of the large window is one of the 3×3. */
  private readonly places: Float32Array;

  constructor(
    scope: Scope,
    private readonly channels: number,
    private readonly dilation: number,
  ) {
    const fill = { kind: 'heNormal', fanIn: 9 * channels } as const;
    this.filter = scope.parameter('filter', [3, 3, channels, channels], fill);
    this.window = 2 * dilation + 1;
    this.places = new Float32Array(this.window ** 2 * 9);
    for (let tap = 0; tap < 9; tap++) {
      const [row, column] = [Math.floor(tap / 3), tap % 3].map((at) => at * dilation);
      this.places[(row * this.window + column) * 9 + tap] = 1;
    }
  }

  apply(x: Tensor4D): Tensor4D {
    const { window, channels, dilation } = this;
    return tidy(() => {
      const taps = reshape(this.filter, [9, channels ** 2]);
      const spread = matMul(tensor2d(this.places, [window ** 2, 9]), taps);
      const filter = reshape<Rank.R4>(spread, [window, window, channels, channels]);
      return conv2d(x, filter, { stride: 1, pad: dilation });
    });
  }
}
