import { fill, max, ones, reshape, type Tensor2D, type Tensor4D } from '@tensorflow/tfjs-core';
import { channelGate } from '../../ops/channel-gate.js';
import { conv2d } from '../../ops/conv2d.js';
import { averagePool, maxPool } from '../../ops/pooling.js';

const unit = { stride: 1, pad: 0 } as const;

/** A map of factors averaged over the stride of a convolution, with what is there of the last window. */
export function strided(x: Tensor4D, stride: number): Tensor4D {
  return stride === 1
    ? x
    : averagePool(x, { window: stride, stride, pad: 0, countPadding: false, ceil: true });
}

/** The largest value of each channel over all positions: [H, W, N, C] to [N, C]. */
export function positionMax(x: Tensor4D): Tensor2D {
  const [h, w, n, c] = x.shape;
  // One window over everything has a kernel of ours; windows are square.
  return h === w ? reshape(maxPool(x, { window: h, stride: 1, pad: 0 }), [n, c]) : max<Tensor2D>(x, [0, 1]);
}

/** A factor for each position and one for each channel, multiplied: [H, W, N, 1] and [N, K] to [H, W, N, K]. */
export function positionsTimesChannels(positions: Tensor4D, channels: Tensor2D): Tensor4D {
  return channelGate(conv2d(positions, ones([1, 1, 1, channels.shape[1]]), unit), channels);
}

/** The mean over the channels: [H, W, N, C] to [H, W, N, 1]. */
export function channelMean(x: Tensor4D): Tensor4D {
  const channels = x.shape[3];
  return conv2d(x, fill([1, 1, channels, 1], 1 / channels), unit);
}
