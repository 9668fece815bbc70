import type { Tensor4D, Variable } from '@tensorflow/tfjs-core';
import { binaryConv2d } from '../ops/binary-conv2d.js';
import { binaryFilterConv2d, binaryInputConv2d } from '../ops/half-binary-conv2d.js';
import { checkGroups, conv2d, type ConvGeometry } from '../ops/conv2d.js';
import type { BinaryOperands } from './binary-operands.js';
import type { Scope } from './parameters.js';

/** The size of a convolution layer: a square window. */
export interface ConvSize {
  readonly inputs: number;
  readonly outputs: number;
  readonly window: number;
}

/**
 * A convolution in full precision without bias, position-major. Parameter: `filter` [kh, kw, C, K],
 * He-normal. See `conv2d`.
 */
export class Conv2d {
  readonly filter: Variable & Tensor4D;

  constructor(
    scope: Scope,
    { inputs, outputs, window }: ConvSize,
    private readonly geometry: ConvGeometry,
    private readonly inputGradient = true,
  ) {
    const fill = { kind: 'heNormal', fanIn: window * window * inputs } as const;
    this.filter = scope.parameter('filter', [window, window, inputs, outputs], fill);
  }

  apply(x: Tensor4D): Tensor4D {
    return conv2d(x, this.filter, this.geometry, this.inputGradient);
  }
}

const convolutions = {
  both: binaryConv2d,
  activations: binaryInputConv2d,
  weights: binaryFilterConv2d,
  none: conv2d,
} as const;

/**
 * The convolution with these binary operands, of x [H, W, N, C] and latent weights [kh, kw, C / groups, K].
 */
export function convolutionOf(
  binary: BinaryOperands,
): (x: Tensor4D, w: Tensor4D, geometry: ConvGeometry, inputGradient?: boolean) => Tensor4D {
  return convolutions[binary];
}

/**
 * The factor of the first latent weights, which are He-normal otherwise. It leaves their signs alone, and the
 * signs are all that a binary convolution sums. The scale α = mean |latent| starts small: a new block starts
 * close to its shortcut, a deep network close to a shallow one, and the optimizer turns signs sooner.
 */
const latentGain = 0.1;

/**
 * A convolution with binary weights, sign(latent) · mean |latent| for each output channel, on ±1 activations.
 * Position-major; see `binaryConv2d`. Parameter: `latent` [kh, kw, C / groups, K], He-normal times 0.1
 * ({@link latentGain}).
 *
 * With `binary` 'activations' the weights are `latent` itself (`binaryInputConv2d`). With 'weights' the
 * activations may have any values (`binaryFilterConv2d`). With 'none' both may (`conv2d`). The parameter is
 * the same in all of them, so that one stage of training starts from the tensors of another.
 */
export class BinaryConv2d {
  readonly latent: Variable & Tensor4D;

  constructor(
    scope: Scope,
    { inputs, outputs, window }: ConvSize,
    readonly geometry: ConvGeometry,
    private readonly binary: BinaryOperands = 'both',
    private readonly inputGradient = true,
  ) {
    const { groups = 1 } = geometry;
    checkGroups(scope.path, inputs, outputs, groups);
    const seen = inputs / groups;
    const fill = { kind: 'heNormal', fanIn: window * window * seen, gain: latentGain } as const;
    this.latent = scope.parameter('latent', [window, window, seen, outputs], fill, true);
  }

  apply(x: Tensor4D): Tensor4D {
    return convolutionOf(this.binary)(x, this.latent, this.geometry, this.inputGradient);
  }
}
