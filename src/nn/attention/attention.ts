import type { Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import { InputError } from '../../errors.js';
import { unknownName } from '../../unknown-name.js';
import type { MapPools } from '../../ops/map-pools.js';
import type { MapProjection } from '../../ops/map-projection.js';
import type { BatchNormOptions } from '../batch-norm.js';
import type { BinaryBlockSize } from '../binary-block.js';
import type { Scope } from '../parameters.js';
import { Bam } from './bam.js';
import { Cbam } from './cbam.js';
import type { Factors } from './factors.js';
import { GateDecorator } from './gate-decorator.js';
import { RealToBinaryGate } from './real-to-binary-gate.js';
import { SqueezeExcite } from './squeeze-excite.js';

/** What an attention may look at: the real-valued map before the sign, position-major. */
export interface AttentionInput {
  /** [H, W, N, inputs]. */
  readonly map: () => Tensor4D;
  /** Its mean over the positions, [N, inputs], which costs less than the map. */
  readonly mean: () => Tensor2D;
  /** Its mean and its maximum over the positions, [2, N, inputs], which cost less than the map. */
  readonly positionPools: () => Tensor3D;
  /** These, and its maximum and its mean over the channels, [H, W, N, 2], in one pass. */
  readonly pools: () => MapPools;
  /** Its mean over the positions and its 1×1 convolution with a filter [1, 1, inputs, K] of few outputs, in one pass. */
  readonly projection: (filter: Tensor4D) => MapProjection;
}

/** What is multiplied onto the output of a binary convolution. It is called in a `tidy`. */
export interface ChannelAttention {
  /** @returns the factors [N, outputs], or [H', W', N, outputs] of the output's height and width, or both as {@link FactoredFactors} */
  apply(input: AttentionInput, training: boolean): Factors;
}

/** Makes an attention for a convolution of this size with its parameters in a scope; BatchNorms of its own have the network's settings. */
export type AttentionFactory = (
  scope: Scope,
  size: BinaryBlockSize,
  batchNorm: BatchNormOptions,
) => ChannelAttention;

/** The name of a network without attention. */
export const noAttention = 'none';

const own: Readonly<Record<string, AttentionFactory>> = {
  se: (scope, size) => new SqueezeExcite(scope, size),
  gate: (scope, size) => new RealToBinaryGate(scope, size),
  cgd: (scope, size) => new GateDecorator(scope, size),
  cbam: (scope, size, batchNorm) => new Cbam(scope, size, batchNorm),
  bam: (scope, size, batchNorm) => new Bam(scope, size, batchNorm),
};

const factories = new Map(Object.entries(own));

/** The attentions of this package, beside `none`. */
export const attentionNames: readonly string[] = Object.keys(own);

/**
 * Makes an attention known to recipes (`student.attention`) and checkpoints under its name; one of the same name that was
 * registered before is replaced.
 *
 * @throws InputError for a name of this package
 */
export function registerAttention(name: string, factory: AttentionFactory): void {
  if (name === noAttention || Object.hasOwn(own, name))
    throw new InputError(`the attention '${name}' is that of this package.`, { fix: 'choose another name' });
  factories.set(name, factory);
}

/** The factory of an attention, undefined for `none`. @throws InputError for a name that is not known */
export function attentionFactory(name: string): AttentionFactory | undefined {
  if (name === noAttention) return undefined;
  const found = factories.get(name);
  if (found) return found;
  throw unknownName('attention', name, [noAttention, ...factories.keys()]);
}
