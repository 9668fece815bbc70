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

/** What is added to the variance where nothing else is said. */
export const defaultEpsilon = 1e-5;

/** How far running statistics move where nothing else is said. */
export const defaultMomentum = 0.2;

/** Settings of a BatchNorm. */
export interface BatchNormOptions {
  /**
   * running = (1 − momentum)·running + momentum·batch, in (0, 1]; default 0.2. This is PyTorch's convention: TensorFlow,
   * Keras and ONNX give the share that stays, so that 0.2 here is 0.8 there.
   */
  readonly momentum?: number;
  /** Added to the variance; default 1e-5. */
  readonly epsilon?: number;
}

/**
 * BatchNorm over the last dimension: y = γ (x − μ) / √(σ² + ε) + β, with the statistics of the batch in training and the
 * running ones (unbiased variance) in evaluation. Parameters `gamma` (1) and `beta` (0), buffers `runningMean` (0) and
 * `runningVariance` (1).
 */
export class BatchNorm {
  readonly gamma: Variable & Tensor1D;
  readonly beta: Variable & Tensor1D;
  readonly runningMean: Variable & Tensor1D;
  readonly runningVariance: Variable & Tensor1D;
  /** See {@link BatchNormOptions}; it may be changed between steps. */
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

  /** The sign of the normalised tensor, ±1, with the straight-through gradient; see `batchNormSign`. */
  sign<T extends Tensor>(x: T, training: boolean): T {
    return this.normalise(x, training, batchNormSign, batchNormSignInference);
  }

  /** The normalised tensor clamped to [−1, 1], whose gradient has the mask of {@link sign}; see `batchNormClamp`. */
  clamp<T extends Tensor>(x: T, training: boolean): T {
    return this.normalise(x, training, batchNormClamp, batchNormClampInference);
  }

  /** An activation of the normalised tensor and, where it is given, a residual; see `batchNormActivation`. */
  activate<T extends Tensor>(x: T, training: boolean, activation: Activation, residual?: Tensor): T {
    const { epsilon } = this;
    const activate = training ? batchNormActivation : batchNormActivationInference;
    const activated: typeof batchNormTraining = (input, affine, statistics) =>
      activate(input, affine, statistics, { activation, epsilon, ...(residual ? { residual } : {}) });
    return this.normalise(x, training, activated, activated);
  }

  /** The end of a block, of the normalised tensor, a residual and a PReLU, where they are given; see `batchNormResidual`. */
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
   * The statistics of a batch, towards which the running ones are moved; the caller disposes of them.
   *
   * @param slope of a PReLU through which x goes first
   */
  batchStatistics(x: Tensor, slope?: Tensor1D): ChannelStatistics {
    return channelStatistics(x, { slope, running: this.running });
  }

  /**
   * The normalised tensor of a batch for a look at it: neither differentiated nor does it move the running statistics.
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

  /** The running statistics, as operations that move them take them. */
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
