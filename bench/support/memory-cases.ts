import type { NativeAddon } from '../../src/backends/native/addon.js';
import type { ConvShape } from '../../src/backends/native/kernel-calls.js';
import { noise } from './noise.js';

/** A call of a kernel whose time goes into memory. */
export interface MemoryCase {
  readonly family: string;
  /** Bytes that it must read and write: each pass over each operand that is larger than the caches counts. */
  readonly bytes: number;
  readonly call: () => void;
}

const channels = 64;

/** Calls of every kernel that is bound by memory, on tensors of `floats` floats: rows of 64 channels. */
export function memoryCases(addon: NativeAddon, floats: number): MemoryCase[] {
  const rows = Math.floor(floats / channels);
  const size = rows * channels;
  const [a, b, c, out] = Array.from({ length: 4 }, () => noise(addon, size));
  const signs = new Uint32Array(addon.allocate(size / 8));
  const mask = new Uint32Array(addon.allocate(size / 8));
  addon.packSigns({ rows, channels, x: a, sign: signs, mask });
  const p = noise(addon, channels);
  const [dgamma, dbeta, dslope, dafter] = Array.from({ length: 4 }, () => new Float32Array(channels));
  const tensor = 4 * size;
  const bits = size / 8;
  // A image of 4×4 positions; the rest of the rows are images.
  const positions = 16;
  const images = Math.floor(rows / positions);
  const pooled = positions * images * channels;
  const pooling: ConvShape = {
    ...{ h: 4, w: 4, n: images, c: channels, k: channels, groups: 1 },
    ...{ kernelH: 2, kernelW: 2, strideH: 2, strideW: 2, outH: 2, outW: 2 },
    ...{ padTop: 0, padBottom: 0, padLeft: 0, padRight: 0 },
  };
  const [inner, pooledBytes] = [images * channels, 4 * pooled];
  return [
    {
      family: 'batchNormStatistics',
      bytes: tensor,
      call: () =>
        addon.batchNormStatistics({
          ...{ rows, channels, x: a, slope: null, mean: dgamma, variance: dbeta },
          ...{ momentum: 0, runningMean: null, runningVariance: null },
        }),
    },
    {
      family: 'channelAffine',
      bytes: 2 * tensor,
      call: () => addon.channelAffine({ rows, channels, x: a, scale: p, shift: p, y: out }),
    },
    {
      family: 'channelAffineSign',
      bytes: tensor + 2 * bits,
      call: () =>
        addon.channelAffineSign({
          ...{ rows, channels, x: a, slope: null, scale: p, shift: p, sign: signs, mask },
        }),
    },
    {
      // The sums need a pass of their own before dx.
      family: 'batchNormBackward',
      bytes: 5 * tensor + 2 * bits,
      call: () =>
        addon.batchNormBackward({
          ...{ rows, channels, dy: a, x: b, slope: null, mask, outer: 0, addend: null },
          ...{ mean: p, inverseDeviation: p, gamma: p, upstream: null, dx: out, dgamma, dbeta, dslope: null },
          ...{ images: 0, imageDy: null },
        }),
    },
    {
      family: 'channelAffineResidual',
      bytes: 3 * tensor,
      call: () =>
        addon.channelAffineResidual({
          ...{ rows, channels, x: a, scale: p, shift: p, residual: b, before: p, slope: p, after: p, y: out },
        }),
    },
    {
      // The first pass writes the gradient to the residual, the second reads it.
      family: 'batchNormResidualBackward',
      bytes: 7 * tensor,
      call: () =>
        addon.batchNormResidualBackward({
          ...{ rows, channels, dy: a, x: b, scale: p, shift: p, residual: c, before: p, slope: p },
          ...{ mean: p, inverseDeviation: p, gamma: p, upstream: out, dx: out },
          ...{ dgamma, dbeta, dslope, dafter },
        }),
    },
    {
      family: 'maskedGradient',
      bytes: 3 * tensor + bits,
      call: () => addon.maskedGradient({ rows, channels, dy: a, mask, addend: b, dx: out, sum: dgamma }),
    },
    {
      family: 'addPrelu',
      bytes: 3 * tensor,
      call: () => addon.addPrelu({ rows, channels, x: a, residual: b, slope: p, y: out }),
    },
    {
      family: 'preluBackward',
      bytes: 3 * tensor,
      call: () =>
        addon.preluBackward({
          rows,
          channels,
          dy: a,
          x: b,
          residual: null,
          slope: p,
          dv: out,
          dslope: dgamma,
        }),
    },
    {
      family: 'packSigns',
      bytes: tensor + bits,
      call: () => addon.packSigns({ rows, channels, x: a, sign: signs, mask: null }),
    },
    {
      family: 'unpackSigns',
      bytes: tensor + bits,
      call: () => addon.unpackSigns({ rows, channels, sign: signs, y: out }),
    },
    {
      family: 'elementwise',
      bytes: 3 * tensor,
      call: () => addon.elementwise({ operation: 'add', size, yPeriod: 0, x: a, y: b, out }),
    },
    {
      family: 'swapOuter',
      bytes: 2 * pooledBytes,
      call: () => addon.swapOuter({ outer: positions, middle: images, inner: channels, x: a, y: out }),
    },
    {
      family: 'positionMean',
      bytes: pooledBytes * (1 + 1 / positions),
      call: () => addon.positionMean({ positions, inner, x: a, y: out, channels: 1, slope: null }),
    },
    {
      family: 'positionMeanBackward',
      bytes: pooledBytes * (1 + 1 / positions),
      call: () => addon.positionMeanBackward({ positions, inner, dy: a, dx: out }),
    },
    {
      family: 'averagePool',
      bytes: pooledBytes * 1.25,
      call: () => addon.averagePool({ shape: pooling, countPadding: false, x: a, y: out }),
    },
    {
      family: 'averagePoolBackward',
      bytes: pooledBytes * 1.25,
      call: () =>
        addon.averagePoolBackward({ shape: pooling, countPadding: false, dy: a, addend: null, dx: out }),
    },
    {
      // Reads the gradient, weights and both moments; writes the last three.
      family: 'adamStep',
      bytes: 7 * tensor,
      call: () =>
        addon.adamStep({
          ...{ size, step: 1, lr: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, clip: 0 },
          ...{ gradient: a, w: b, m: c, v: out },
        }),
    },
  ];
}
