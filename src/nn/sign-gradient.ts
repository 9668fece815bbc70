import type { Tensor } from '@tensorflow/tfjs-core';
import { InputError } from '../errors.js';
import { unknownName } from '../unknown-name.js';
import { approxSign, edeSign, signSte } from '../ops/activations.js';
import { batchNormSign } from '../ops/batch-norm.js';
import type { ChannelStatistics } from '../ops/channel-statistics.js';
import type { SignSlope } from '../ops/sign-slope.js';
import { batchNormShapedSign } from '../ops/batch-norm-shaped-sign.js';
import type { BatchNorm } from './batch-norm.js';
import { type BinaryOperands, hasBinaryActivations } from './binary-operands.js';

/**
 * How a gradient passes the sign of an activation v:
 *
 * - `ste`: unchanged where |v| ≤ 1, else not at all; see `signSte`
 * - `approxSign`: times 2 − 2|v| where |v| ≤ 1, else not at all; see `approxSign`
 * - `ede`: times a bump around 0 that sharpens over the stage; see `edeSign`
 */
export type SignGradientName = 'ste' | 'approxSign' | 'ede';

/** Every {@link SignGradientName}. */
export const signGradientNames: readonly SignGradientName[] = ['ste', 'approxSign', 'ede'];

/** The sharpness of `ede` at the start and at the end of a stage. */
const edeStart = 1e-3;
const edeEnd = 1e1;

/**
 * The sharpness t of `ede` after the share `done` of a stage, which grows from 1e-3 to 1e1 in equal ratios:
 *
 *   t = 10^(−3 + 4·done)
 *
 * Source: Qin et al. 2020 (IR-Net). There t changes at the start of each epoch; the trainer changes it at
 * each step.
 *
 * @param done from 0 to 1; a value outside counts as the nearer end
 */
export function edeSharpness(done: number): number {
  const share = Math.min(Math.max(done, 0), 1);
  return edeStart * (edeEnd / edeStart) ** share;
}

/**
 * The gradient of the sign of activations, shared by the blocks of a network. The forward pass does not
 * depend on it. Latent weights keep the straight-through estimator, as in Bi-Real Net. `ste` needs one bit of
 * each activation and runs in the fused kernels. The others need its value, which the backward pass computes
 * again.
 */
export class SignGradient {
  readonly name: SignGradientName;
  #sharpness = edeStart;

  /** @throws InputError for an unknown name */
  constructor(name: SignGradientName = 'ste') {
    if (!signGradientNames.includes(name)) throw unknownName('sign gradient', name, signGradientNames);
    this.name = name;
  }

  /** Whether the gradient passes whole or not at all, so that one bit for each element holds it. */
  get isMask(): boolean {
    return this.name === 'ste';
  }

  /** Whether it changes over a stage. */
  get sharpens(): boolean {
    return this.name === 'ede';
  }

  /** The present t of `ede`; 1e-3 at the start. */
  get sharpness(): number {
    return this.#sharpness;
  }

  /** Sets the sharpness after the share `done` of the stage; see {@link edeSharpness}. */
  moveTo(done: number): void {
    this.#sharpness = edeSharpness(done);
  }

  /**
   * @throws InputError if activations are not binary, so that there is no sign whose gradient could be chosen
   */
  checkUseWith(binary: BinaryOperands): void {
    if (this.isMask || hasBinaryActivations(binary)) return;
    throw new InputError(
      `the sign gradient '${this.name}' is of binary activations, and with binary '${binary}' they are floats.`,
      { fix: "use the sign gradient 'ste', or make the activations binary" },
    );
  }

  /**
   * The present stand-in for the sign, through which gradients pass; undefined where a mask of one bit holds
   * it.
   */
  get slope(): SignSlope | undefined {
    if (this.isMask) return undefined;
    return this.name === 'approxSign' ? 'approxSign' : this.#sharpness;
  }

  /**
   * sign(BatchNorm(x)) with this gradient.
   *
   * @param training as in `BatchNorm.sign`; default true
   */
  sign<T extends Tensor>(batchNorm: BatchNorm, x: T, training = true): T {
    if (!training) return batchNorm.sign(x, false);
    const statistics = batchNorm.batchStatistics(x);
    const y = this.signWith(batchNorm, x, statistics);
    statistics.mean.dispose();
    statistics.variance.dispose();
    return y;
  }

  /** sign(x), with this gradient. */
  signOf<T extends Tensor>(x: T): T {
    const { slope } = this;
    if (slope === undefined) return signSte(x);
    return slope === 'approxSign' ? approxSign(x) : edeSign(x, slope);
  }

  /** As {@link sign} in training, with statistics of x that are known. */
  signWith<T extends Tensor>(batchNorm: BatchNorm, x: T, statistics: ChannelStatistics): T {
    const { slope } = this;
    return slope === undefined
      ? batchNormSign(x, batchNorm, statistics, batchNorm.epsilon)
      : batchNormShapedSign(x, batchNorm, statistics, slope, batchNorm.epsilon);
  }
}
