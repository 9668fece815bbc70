import { type Tensor, type Tensor1D, tidy, type Variable } from '@tensorflow/tfjs-core';
import {
  batchNormClamp,
  batchNormClampInference,
  batchNormInference,
  batchNormSign,
  batchNormSignInference,
  batchNormTraining,
  normKernel,
} from '../ops/batch-norm.js';
import {
  type Activation,
  batchNormActivation,
  batchNormActivationInference,
} from '../ops/batch-norm-activation.js';
import {
  batchNormResidual,
  batchNormResidualInference,
  type NormResidualOptions,
} from '../ops/batch-norm-residual.js';
import {
  type ChannelStatistics,
  channelStatistics,
  type RunningStatistics,
} from '../ops/channel-statistics.js';
import { untaped } from '../ops/kernel.js';
import { prelu } from '../ops/prelu.js';
import type { Scope } from './parameters.js';

/** The default of `epsilon`. */
export const defaultEpsilon = 1e-5;

/** The default of `momentum`. */
export const defaultMomentum = 0.2;

/** Settings of a BatchNorm. */
export interface BatchNormOptions {
  /**
   * running = (1 − momentum)·running + momentum·batch, in (0, 1]; default 0.2. This is PyTorch's convention.
   * In TensorFlow, Keras and ONNX momentum is the share that stays, so that 0.2 here is 0.8 there.
   */
  readonly momentum?: number;
  /** Added to the variance; default 1e-5. */
  readonly epsilon?: number;
}

/**
 * BatchNorm over the last dimension (Ioffe and Szegedy 2015):
 *
 *   y = γ (x − μ) / √(σ² + ε) + β
 *
 * In training μ and σ² are those of the batch, in evaluation the running ones (of the unbiased variance).
 * Parameters: `gamma` (starts at 1) and `beta` (0). Buffers: `runningMean` (0) and `runningVariance` (1).
 */
export class BatchNorm {
  readonly gamma: Variable & Tensor1D;
  readonly beta: Variable & Tensor1D;
  readonly runningMean: Variable & Tensor1D;
  readonly runningVariance: Variable & Tensor1D;
  /** See {@link BatchNormOptions}. It may be changed between steps. */
  momentum: number;
  readonly epsilon: number;

  constructor(
    scope: Scope,
    channels: number,
    { momentum = defaultMomentum, epsilon = defaultEpsilon }: BatchNormOptions = {},
  ) {
    this.gamma = scope.parameter('gamma', [channels], { kind: 'constant', value: 1 });
    this.beta = scope.parameter('beta', [channels], { kind: 'constant', value: 0 });
    this.runningMean = scope.buffer('runningMean', [channels], 0);
    this.runningVariance = scope.buffer('runningVariance', [channels], 1);
    this.momentum = momentum;
    this.epsilon = epsilon;
    scope.register(this);
  }

  /** The normalised tensor. */
  apply<T extends Tensor>(x: T, training: boolean): T {
    return this.normalise(x, training, batchNormTraining, batchNormInference);
  }

  /**
   * The sign of the normalised tensor, ±1, with the straight-through estimator as gradient; see
   * `batchNormSign`.
   */
  sign<T extends Tensor>(x: T, training: boolean): T {
    return this.normalise(x, training, batchNormSign, batchNormSignInference);
  }

  /**
   * The normalised tensor clamped to [−1, 1]. Its gradient has the mask of {@link sign}; see
   * `batchNormClamp`.
   */
  clamp<T extends Tensor>(x: T, training: boolean): T {
    return this.normalise(x, training, batchNormClamp, batchNormClampInference);
  }

  /** An activation of the normalised tensor, plus a residual if there is one; see `batchNormActivation`. */
  activate<T extends Tensor>(x: T, training: boolean, activation: Activation, residual?: Tensor): T {
    const { epsilon } = this;
    const activate = training ? batchNormActivation : batchNormActivationInference;
    const activated: typeof batchNormTraining = (input, affine, statistics) =>
      activate(input, affine, statistics, { activation, epsilon, ...(residual ? { residual } : {}) });
    return this.normalise(x, training, activated, activated);
  }

  /**
   * The end of a block: the normalised tensor, plus a residual and through a PReLU if there are any; see
   * `batchNormResidual`.
   */
  withResidual<T extends Tensor>(
    x: T,
    training: boolean,
    { residual, prelu }: Pick<NormResidualOptions, 'residual' | 'prelu'>,
  ): T {
    const { epsilon } = this;
    const end = training ? batchNormResidual : batchNormResidualInference;
    const ended: typeof batchNormTraining = (input, affine, statistics) =>
      end(input, affine, statistics, { residual, prelu, epsilon });
    return this.normalise(x, training, ended, ended);
  }

  /**
   * The statistics of a batch. The running statistics move towards them. The caller disposes of the result.
   *
   * @param slope of a PReLU through which x goes first
   */
  batchStatistics(x: Tensor, slope?: Tensor1D): ChannelStatistics {
    return channelStatistics(x, { slope, running: this.running });
  }

  /**
   * The normalised tensor of a batch, for an observer: it has no gradient and does not move the running
   * statistics.
   *
   * @param slope of a PReLU through which x goes first
   */
  look(x: Tensor, slope?: Tensor1D): Tensor {
    return untaped(() =>
      tidy(() => {
        const input = slope ? prelu(x, slope) : x;
        const { mean, variance } = channelStatistics(input);
        return normKernel(
          { x: input, mean, variance, gamma: this.gamma, beta: this.beta },
          { epsilon: this.epsilon },
        );
      }),
    );
  }

  /** The running statistics, in the form that operations take to move them. */
  get running(): RunningStatistics {
    return { mean: this.runningMean, variance: this.runningVariance, momentum: this.momentum };
  }

  private normalise<T extends Tensor>(
    x: T,
    training: boolean,
    trainingOp: typeof batchNormTraining,
    inferenceOp: typeof batchNormInference,
  ): T {
    if (!training) {
      return inferenceOp(x, this, { mean: this.runningMean, variance: this.runningVariance }, this.epsilon);
    }
    const statistics = this.batchStatistics(x);
    const y = trainingOp(x, this, statistics, this.epsilon);
    statistics.mean.dispose();
    statistics.variance.dispose();
    return y;
  }
}
