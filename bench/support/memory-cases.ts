import type { NativeAddon } from '../../src/backends/native/addon.js';
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
  addon.packSigns(rows, channels, a, signs, mask);
  const p = noise(addon, channels);
  const fourSums = Array.from({ length: 4 }, () => new Float32Array(channels));
  const [sums, moreSums] = fourSums;
  const tensor = 4 * size;
  const bits = size / 8;
  // A image of 4×4 positions; the rest of the rows are images.
  const positions = 16;
  const images = Math.floor(rows / positions);
  const pooled = positions * images * channels;
  const pooling = Int32Array.of(4, 4, images, channels, 1, 2, 2, 2, 2, 0, 0, 2, 2, 1);
  const [inner, pooledBytes] = [images * channels, 4 * pooled];
  return [
    {
      family: 'batchNormStatistics',
      bytes: tensor,
      call: () => addon.batchNormStatistics(rows, channels, a, null, sums, moreSums, 0, null, null),
    },
    {
      family: 'channelAffine',
      bytes: 2 * tensor,
      call: () => addon.channelAffine(rows, channels, a, p, p, out),
    },
    {
      family: 'channelAffineSign',
      bytes: tensor + 2 * bits,
      call: () => addon.channelAffineSign(rows, channels, a, null, p, p, signs, mask),
    },
    {
      // The sums need a pass of their own before dx.
      family: 'batchNormBackward',
      bytes: 5 * tensor + 2 * bits,
      call: () =>
        addon.batchNormBackward(
          rows,
          channels,
          a,
          b,
          null,
          mask,
          0,
          null,
          p,
          p,
          p,
          null,
          out,
          sums,
          moreSums,
          null,
        ),
    },
    {
      family: 'channelAffineResidual',
      bytes: 3 * tensor,
      call: () => addon.channelAffineResidual(rows, channels, a, p, p, b, p, p, p, out),
    },
    {
      // The first pass writes the gradient to the residual, the second reads it.
      family: 'batchNormResidualBackward',
      bytes: 7 * tensor,
      call: () =>
        addon.batchNormResidualBackward(
          ...[rows, channels, a, b, p, p, c, p, p, p, p, p, out, out, ...fourSums],
        ),
    },
    {
      family: 'maskedGradient',
      bytes: 3 * tensor + bits,
      call: () => addon.maskedGradient(rows, channels, a, mask, b, out, sums),
    },
    {
      family: 'addPrelu',
      bytes: 3 * tensor,
      call: () => addon.addPrelu(rows, channels, a, b, p, out),
    },
    {
      family: 'preluBackward',
      bytes: 3 * tensor,
      call: () => addon.preluBackward(rows, channels, a, b, null, p, out, sums),
    },
    {
      family: 'packSigns',
      bytes: tensor + bits,
      call: () => addon.packSigns(rows, channels, a, signs, null),
    },
    {
      family: 'unpackSigns',
      bytes: tensor + bits,
      call: () => addon.unpackSigns(rows, channels, signs, out),
    },
    {
      family: 'elementwise',
      bytes: 3 * tensor,
      call: () => addon.elementwise(0, size, 0, a, b, out),
    },
    {
      family: 'swapOuter',
      bytes: 2 * pooledBytes,
      call: () => addon.swapOuter(positions, images, channels, a, out),
    },
    {
      family: 'positionMean',
      bytes: pooledBytes * (1 + 1 / positions),
      call: () => addon.positionMean(positions, inner, a, out),
    },
    {
      family: 'positionMeanBackward',
      bytes: pooledBytes * (1 + 1 / positions),
      call: () => addon.positionMeanBackward(positions, inner, a, out),
    },
    {
      family: 'averagePool',
      bytes: pooledBytes * 1.25,
      call: () => addon.averagePool(pooling, false, a, out),
    },
    {
      family: 'averagePoolBackward',
      bytes: pooledBytes * 1.25,
      call: () => addon.averagePoolBackward(pooling, false, a, null, out),
    },
    {
      // Reads the gradient, weights and both moments; writes the last three.
      family: 'adamStep',
      bytes: 7 * tensor,
      call: () => addon.adamStep(size, 1, 1e-3, 0.9, 0.999, 1e-8, 0, 0, a, b, c, out),
    },
  ];
}
