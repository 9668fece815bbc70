import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { type AffineParameters, checkChannels, normalised } from './batch-norm.js';
import type { ChannelStatistics } from './channel-statistics.js';

/** A BatchNorm that an operation applies to a map while it reads it. */
export interface Normalisation {
  readonly affine: AffineParameters;
  /** Those of the batch; gradients account for them. */
  readonly statistics: ChannelStatistics;
  readonly epsilon: number;
}

/** A BatchNorm, or none, in the form that kernels take. */
export interface NormParts {
  /** mean, variance, gamma and beta, or nothing. */
  readonly parameters: Partial<Record<'mean' | 'variance' | 'gamma' | 'beta', Tensor>>;
  /** γ and β, which get gradients, or nothing. */
  readonly learned: readonly Tensor[];
  readonly epsilon: number;
}

/** The map itself, or its BatchNorm where there are parameters of one, by stock operations. */
export function seen({ x, ...norm }: Record<string, Tensor>, epsilon: number): Tensor {
  return norm['gamma'] ? normalised({ x, ...norm }, epsilon) : x;
}

/**
 * The parts of a BatchNorm, or of none, for the kernels of the operation `name`.
 *
 * @throws InputError when a parameter's shape is not [C]
 */
export function checkedNormalisation(name: string, x: Tensor4D, norm: Normalisation | undefined): NormParts {
  if (!norm) return { parameters: {}, learned: [], epsilon: 0 };
  const { mean, variance } = norm.statistics;
  const { gamma, beta } = norm.affine;
  const parameters = { mean, variance, gamma, beta };
  checkChannels(name, x, parameters);
  return { parameters, learned: [gamma, beta], epsilon: norm.epsilon };
}
