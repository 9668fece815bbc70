import type { Tensor4D } from '@tensorflow/tfjs-core';
import { BatchNorm, type BatchNormOptions } from '../nn/batch-norm.js';
import { firstConv, type FirstConv, type FirstConvOptions } from '../nn/end-layers.js';
import type { Scope } from '../nn/parameters.js';
import type { Activation } from '../ops/batch-norm-activation.js';
import { maxPool } from '../ops/pooling.js';

/** What a network does to images before its first block. */
export interface StemShape {
  /** Its convolution: the side of the window, its stride and padding. */
  readonly window: number;
  readonly stride: number;
  readonly pad: number;
  /** Whether its maps are pooled: 3×3 windows, stride 2, padding 1. */
  readonly pools: boolean;
}

/** Images from this side on have a quarter of their sides before the first block. */
export const largeImages = 128;

const small: StemShape = { window: 3, stride: 1, pad: 1, pools: false };
const large: StemShape = { window: 7, stride: 2, pad: 3, pools: true };
const pooling = { window: 3, stride: 2, pad: 1 } as const;

/** The stem for images of this height and width: the large one if both are at least {@link largeImages}. */
export function stemFor(size: readonly [number, number]): StemShape {
  return Math.min(...size) >= largeImages ? large : small;
}

type Size = [height: number, width: number];

/** The sizes of a stem's maps: of its convolution, and of its output. */
export function stemSizes(
  { window, stride, pad, pools }: StemShape,
  [height, width]: readonly [number, number],
): { convolved: Size; output: Size } {
  const convolved = [height, width].map((side) => Math.floor((side + 2 * pad - window) / stride) + 1) as Size;
  return {
    convolved,
    output: pools ? (convolved.map((side) => Math.floor((side - 1) / 2) + 1) as Size) : convolved,
  };
}

/** Settings of a stem: those of its BatchNorm and of its convolution. */
export interface StemOptions extends BatchNormOptions, FirstConvOptions {}

/**
 * The first layers of a network:
 *
 *   small images:  3×3 convolution → BN
 *   large images:  7×7 convolution of stride 2 → 3×3 max pooling of stride 2 → BN
 *
 * in full precision, unless the convolution's weights are binary (`firstConv`). Pooling comes before BN and
 * the first activation or sign, since the largest of several ±1 is nearly always 1.
 */
export class Stem {
  private readonly conv: FirstConv;
  private readonly bn: BatchNorm;

  constructor(
    scope: Scope,
    outputs: number,
    private readonly shape: StemShape,
    { kind, binary, ...batchNorm }: StemOptions,
  ) {
    this.conv = firstConv(
      scope.child('conv'),
      { inputs: 3, outputs, window: shape.window },
      { stride: shape.stride, pad: shape.pad },
      { kind, binary },
    );
    this.bn = new BatchNorm(scope.child('bn'), outputs, batchNorm);
  }

  /**
   * @param x normalised images, position-major [H, W, N, 3]; disposed of
   * @param activation after the BN; default none
   */
  apply(x: Tensor4D, training: boolean, activation?: Activation): Tensor4D {
    let y = this.conv.apply(x);
    x.dispose();
    if (this.shape.pools) {
      const convolved = y;
      y = maxPool(convolved, pooling);
      convolved.dispose();
    }
    const out = activation ? this.bn.activate(y, training, activation) : this.bn.apply(y, training);
    y.dispose();
    return out;
  }
}
