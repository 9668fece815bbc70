import { mul, type Tensor2D, type Tensor4D } from '@tensorflow/tfjs-core';
import { channelGate } from '../../ops/channel-gate.js';
import { factoredGate, type FactorForm } from '../../ops/factored-gate.js';

/**
 * A factor for each position of an image and one for each channel. `factoredGate` joins them without making a
 * map of factors.
 */
export interface FactoredFactors {
  /** [H', W', N, 1]. */
  readonly positions: Tensor4D;
  /** [N, outputs]. */
  readonly channels: Tensor2D;
  /** `product` p·c, `excitation` 1 + σ(p·c). */
  readonly form: FactorForm;
}

/** What an attention may return: factors [N, outputs] or [H', W', N, outputs], or {@link FactoredFactors}. */
export type Factors = Tensor2D | Tensor4D | FactoredFactors;

/** The map x [H', W', N, outputs] times the factors. */
export function timesFactors(x: Tensor4D, factors: Factors): Tensor4D {
  if ('form' in factors) return factoredGate(x, factors.positions, factors.channels, factors.form);
  return factors.rank === 2 ? channelGate(x, factors as Tensor2D) : mul<Tensor4D>(x, factors);
}
