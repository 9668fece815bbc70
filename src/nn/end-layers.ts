import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { ConvGeometry } from '../ops/conv2d.js';
import type { ActivationObserver } from './activation-observer.js';
import { type BinaryOperands, hasBinaryWeights } from './binary-operands.js';
import { BinaryLinear } from './binary-linear.js';
import { BinaryConv2d, Conv2d, type ConvSize } from './conv2d.js';
import { Linear } from './linear.js';
import type { Scope } from './parameters.js';
import type { SignGradient } from './sign-gradient.js';

/** Whether the first or last layer of a network is in full precision, as is usual, or binary. */
export type EndLayer = 'float' | 'binary';
/** Every {@link EndLayer}. */
export const endLayerNames: readonly EndLayer[] = ['float', 'binary'];

/** Settings of a first convolution. */
export interface FirstConvOptions {
  /** Default 'float'. */
  readonly kind?: EndLayer | undefined;
  /** The binary operands of the network; default 'both'. */
  readonly binary?: BinaryOperands | undefined;
}

/** A convolution of images. */
export interface FirstConv {
  /** @param x position-major [H, W, N, 3] */
  apply(x: Tensor4D): Tensor4D;
}

/**
 * The convolution that sees the images: {@link Conv2d}, or {@link BinaryConv2d} with binary weights. The
 * images stay real-valued in both, since their signs would say next to nothing. No gradient goes to them.
 *
 * While a stage of training leaves weights in floats, those of the binary convolution are `latent` itself.
 */
export function firstConv(
  scope: Scope,
  size: ConvSize,
  geometry: ConvGeometry,
  { kind = 'float', binary = 'both' }: FirstConvOptions = {},
): FirstConv {
  if (kind === 'float') return new Conv2d(scope, size, geometry, false);
  const ofWeights = hasBinaryWeights(binary) ? 'weights' : 'none';
  return new BinaryConv2d(scope, size, geometry, ofWeights, false);
}

/** Settings of a classifier. */
export interface ClassifierOptions {
  readonly kind: EndLayer;
  readonly binary: BinaryOperands;
  readonly signGradient: SignGradient;
  readonly activations: ActivationObserver;
}

/** A dense layer from [N, inputs] to the logits [N, classes]. */
export interface Classifier {
  apply(x: Tensor2D, training: boolean): Tensor2D;
}

/** The last layer: {@link Linear}, or {@link BinaryLinear} where it is binary. */
export function classifier(
  scope: Scope,
  inputs: number,
  classes: number,
  { kind, ...ways }: ClassifierOptions,
): Classifier {
  return kind === 'float'
    ? new Linear(scope, inputs, classes)
    : new BinaryLinear(scope, inputs, classes, ways);
}
