import {
  add,
  mean as meanOf,
  mul,
  square,
  sub,
  type Tensor,
  type Tensor1D,
  type Variable,
} from '@tensorflow/tfjs-core';
import { composedKernel, untaped } from './kernel.js';
import { preluOf } from './prelu.js';

/** Mean and biased variance of each channel, [C]. */
export interface ChannelStatistics {
  readonly mean: Tensor1D;
  readonly variance: Tensor1D;
}

/** Variables of running statistics, [C], and how fast they move; see {@link updatedStatistics}. */
export interface RunningStatistics {
  readonly mean: Variable & Tensor1D;
  readonly variance: Variable & Tensor1D;
  readonly momentum: number;
}

/** Settings of {@link channelStatistics}. */
export interface StatisticsOptions {
  /** Slopes of a PReLU, [C]: the statistics are those of prelu(x), which is not made; default none. */
  readonly slope?: Tensor1D | undefined;
  /** Running statistics that are moved towards those of x; default none. */
  readonly running?: RunningStatistics | undefined;
}

/** All axes of x but that of the channels. */
export const allButLast = (x: Tensor): number[] => x.shape.slice(0, -1).map((_, axis) => axis);

/**
 * Mean and variance of x, or of prelu(x) with a slope. `runningMean` and `runningVariance`, if they are
 * given, are variables and are moved as {@link updatedStatistics} says.
 */
export const statisticsKernel = composedKernel<{ readonly momentum: number }, Tensor[]>(
  'BatchNormStatistics',
  ({ x: input, slope, runningMean, runningVariance }, { momentum }) => {
    const x = preluOf(input, slope);
    const mean = meanOf<Tensor1D>(x, allButLast(x));
    const variance = meanOf<Tensor1D>(square(sub(x, mean)), allButLast(x));
    if (runningMean) {
      const running = {
        mean: runningMean as Variable & Tensor1D,
        variance: runningVariance as Variable & Tensor1D,
      };
      const moved = updatedStatistics(running, { mean, variance }, momentum, x.size / x.shape[x.rank - 1]);
      running.mean.assign(moved.mean);
      running.variance.assign(moved.variance);
    }
    return [mean, variance];
  },
);

/**
 * Mean and biased variance of each channel over all other dimensions. They are not differentiated: the
 * gradient of `batchNormTraining` accounts for them.
 *
 * @param x [..., C]
 */
export function channelStatistics(x: Tensor, { slope, running }: StatisticsOptions = {}): ChannelStatistics {
  const inputs = {
    x,
    ...(slope ? { slope } : {}),
    ...(running ? { runningMean: running.mean, runningVariance: running.variance } : {}),
  };
  const [mean, variance] = untaped(() => statisticsKernel(inputs, { momentum: running?.momentum ?? 0 }));
  return { mean: mean as Tensor1D, variance: variance as Tensor1D };
}

/**
 * Running statistics, moved towards those of a batch:
 *
 *   running ← (1 − momentum)·running + momentum·batch
 *
 * with the unbiased variance n/(n − 1)·σ². Momentum is in PyTorch's convention (0.2 here is 0.8 in
 * TensorFlow's and ONNX's).
 *
 * @param rows n, the number of values in each channel of the batch
 */
export function updatedStatistics(
  running: ChannelStatistics,
  batch: ChannelStatistics,
  momentum: number,
  rows: number,
): ChannelStatistics {
  const unbiased = rows > 1 ? rows / (rows - 1) : 1;
  return {
    mean: add(mul(running.mean, 1 - momentum), mul(batch.mean, momentum)),
    variance: add(mul(running.variance, 1 - momentum), mul(batch.variance, momentum * unbiased)),
  };
}
