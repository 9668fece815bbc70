import type { Tensor4D } from '@tensorflow/tfjs-core';
import { batchNormTraining } from '../../ops/batch-norm.js';
import type { ChannelStatistics } from '../../ops/channel-statistics.js';
import { untaped } from '../../ops/kernel.js';
import { mapPools, positionPools } from '../../ops/map-pools.js';
import { mapProjection } from '../../ops/map-projection.js';
import { normalisedMean } from '../../ops/normalised-mean.js';
import { globalMean } from '../../ops/pooling.js';
import type { BatchNorm } from '../batch-norm.js';
import type { AttentionInput } from './attention.js';

/** The map x itself. */
export function plainInput(x: Tensor4D): AttentionInput {
  return {
    map: () => x.clone(),
    mean: () => globalMean(x),
    positionPools: () => positionPools(x),
    pools: () => mapPools(x),
    projection: (filter) => mapProjection(x, filter),
  };
}

/** The map BatchNorm(x) with the statistics of the batch. */
export function normalisedInput(x: Tensor4D, bn: BatchNorm, statistics: ChannelStatistics): AttentionInput {
  const { epsilon } = bn;
  const norm = { affine: bn, statistics, epsilon };
  return {
    map: () => batchNormTraining(x, bn, statistics, epsilon),
    mean: () => normalisedMean(x, bn, statistics, epsilon),
    positionPools: () => positionPools(x, norm),
    pools: () => mapPools(x, norm),
    projection: (filter) => mapProjection(x, filter, norm),
  };
}

/** The map BatchNorm(x) with the running statistics, for evaluation. It has no gradient. */
export function inferenceInput(x: Tensor4D, bn: BatchNorm): AttentionInput {
  const statistics = { mean: bn.runningMean, variance: bn.runningVariance };
  const norm = { affine: bn, statistics, epsilon: bn.epsilon };
  return {
    map: () => bn.apply(x, false),
    mean: () => bn.apply(globalMean(x), false),
    positionPools: () => untaped(() => positionPools(x, norm)),
    pools: () => untaped(() => mapPools(x, norm)),
    projection: (filter) => untaped(() => mapProjection(x, filter, norm)),
  };
}
