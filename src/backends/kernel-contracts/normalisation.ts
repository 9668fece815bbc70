/** The attributes of the kernels of BatchNorm and activations, as operations give them and backends take them. */

/** What a BatchNorm takes beside its inputs. */
export interface NormAttributes {
  readonly epsilon: number;
}

/** The activations of a full-precision network: see `batchNormActivation`. */
export type Activation = 'relu' | 'leakyClip' | 'hardClamp';

/** Every {@link Activation}, in the order of the path from ReLU to the sign. */
export const activationNames: readonly Activation[] = ['relu', 'leakyClip', 'hardClamp'];

/** The slope of each activation where it is not 1. */
export const outerSlopes: Readonly<Record<Activation, number>> = { relu: 0, leakyClip: 0.1, hardClamp: 0 };

/** What `BatchNormActivation` takes. */
export interface ActivationAttributes extends NormAttributes {
  readonly activation: Activation;
  readonly withMask: boolean;
}

/** What `BatchNormActivationGrad` takes. */
export interface ActivationGradAttributes extends NormAttributes {
  readonly activation: Activation;
  /** Whether the gradient to the residual is wanted. */
  readonly withUpstream: boolean;
  readonly inPlace: boolean;
}

/** What `ProjectedStatistics` takes. */
export interface ProjectedStatisticsAttributes {
  /** Positions and images of x. */
  readonly rows: number;
  /** With which the running statistics move. */
  readonly momentum: number;
}

/** What `ProjectedGradients` takes. */
export interface ProjectedGradientsAttributes extends NormAttributes {
  /** Positions and images of x. */
  readonly rows: number;
  /** Positions of the window that is pooled. */
  readonly positions: number;
}
