import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { binaryResidual } from '../../ops/binary-residual.js';
import type { SqueezeExciteWeights } from '../../ops/squeeze-excite.js';
import { binaryOperandsOf } from '../binary-operands.js';
import type { Downsample } from '../downsample.js';
import type { GatedConv } from '../gated-conv.js';
import type { NormalisedSign } from '../normalised-sign.js';
import type { BlockOptions } from './block.js';
import type { PreActivation } from './pre-activation.js';

/**
 * The layers of a body that may train as one operation, `binaryResidual`: BN → sign → convolution, and a
 * PReLU.
 */
export interface FusedResidual {
  readonly sign: NormalisedSign;
  readonly conv: GatedConv;
  /** Slopes of the PReLU, and whether it comes before or after the sum with the shortcut. */
  readonly slope: Tensor1D;
  readonly activates: 'beforeSum' | 'afterSum';
}

/**
 * The layers, if one operation can do their work, else undefined. It can if both operands of the convolution
 * are binary, the gradient of the sign is a mask, and the attention is none or squeeze and excite.
 */
export function fusedResidual(layers: FusedResidual, options: BlockOptions): FusedResidual | undefined {
  const { attention } = layers.conv;
  const isOne =
    binaryOperandsOf(options) === 'both' &&
    (options.signGradient?.isMask ?? true) &&
    (attention === undefined || attention.squeezeExcite !== undefined);
  return isOne ? layers : undefined;
}

/**
 * Trains one or two bodies under one shortcut, each as one operation. A PReLU before the sum is part of the
 * operation. One after the sum is left to the next block.
 *
 * @param input with slopes only if there is one body and no `downsample`; otherwise its map is read a second
 *   time, and must be activated
 */
export function runFused(
  bodies: readonly FusedResidual[],
  input: PreActivation,
  downsample: Downsample | undefined,
): PreActivation {
  let x = input;
  for (const [i, body] of bodies.entries()) {
    const isLast = i === bodies.length - 1;
    const y = runBody(body, x, isLast ? input.map : undefined, downsample);
    if (x !== input) x.map.dispose();
    x = y;
  }
  return x;
}

/** @param skipped the input of the block, if the shortcut is added to this body; else undefined */
function runBody(
  { sign, conv: { conv, attention }, slope: ownSlope, activates }: FusedResidual,
  { map, slope }: PreActivation,
  skipped: Tensor4D | undefined,
  downsample: Downsample | undefined,
): PreActivation {
  const { bn } = sign;
  sign.note(map, slope);
  const statistics = bn.batchStatistics(map, slope);
  const shortcut = skipped && downsample?.apply(skipped, true, map === skipped ? statistics.mean : undefined);
  const leavesPrelu = activates === 'afterSum';
  const weights: SqueezeExciteWeights | undefined = attention?.squeezeExcite;
  const y = binaryResidual(
    map,
    {
      ...{ slope, affine: bn, statistics, epsilon: bn.epsilon, latent: conv.latent, attention: weights },
      residual: residualOf(map, skipped, shortcut),
      sumSlope: leavesPrelu ? undefined : ownSlope,
    },
    conv.geometry,
  );
  for (const tensor of [statistics.mean, statistics.variance, shortcut]) tensor?.dispose();
  return { map: y, slope: leavesPrelu ? ownSlope : undefined };
}

/** What is added to the convolution of x, in the form that `binaryResidual` takes. */
function residualOf(
  x: Tensor4D,
  skipped: Tensor4D | undefined,
  shortcut: Tensor4D | undefined,
): Tensor4D | 'none' | undefined {
  if (!skipped) return 'none';
  return shortcut ?? (skipped === x ? undefined : skipped);
}
