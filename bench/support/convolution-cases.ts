import type { NativeAddon } from '../../src/backends/native/addon.js';
import type { ConvShape } from '../../src/backends/native/kernel-calls.js';
import { squareShape } from '../../src/backends/native/kernels/registration.js';
import type { ResNetDepth } from '../../src/models/depths.js';
import { noise } from './noise.js';

/** The geometry of one square convolution with the same padding on all sides. */
export interface Convolution {
  readonly size: number;
  readonly n: number;
  readonly c: number;
  readonly k: number;
  readonly window: number;
  readonly stride: number;
  readonly pad: number;
}

/** Every distinct convolution of a network for 32×32 images: stem, binary 3×3 and the 1×1 of the shortcuts. */
export function convolutionsOf({ widths, blocks }: ResNetDepth, n: number): Convolution[] {
  const found: Convolution[] = [];
  const add = (convolution: Omit<Convolution, 'n'>): number => found.push({ ...convolution, n });
  let size = 32;
  let c = widths[0];
  add({ size, c: 3, k: c, window: 3, stride: 1, pad: 1 });
  widths.forEach((k, level) => {
    if (level > 0) {
      add({ size, c, k, window: 3, stride: 2, pad: 1 });
      add({ size, c, k, window: 1, stride: 1, pad: 0 });
      size = outputSize({ size, window: 3, stride: 2, pad: 1 });
    }
    if (level === 0 || blocks[level] > 1) add({ size, c: k, k, window: 3, stride: 1, pad: 1 });
    c = k;
  });
  return found;
}

type Axis = Pick<Convolution, 'size' | 'window' | 'stride' | 'pad'>;

function outputSize({ size, window, stride, pad }: Axis): number {
  return Math.floor((size + 2 * pad - window) / stride) + 1;
}

/** Pairs of an output row and a tap that meets the image, on one axis. */
function validTaps(axis: Axis): number {
  let count = 0;
  for (let out = 0; out < outputSize(axis); out++) {
    for (let tap = 0; tap < axis.window; tap++) {
      const source = out * axis.stride + tap - axis.pad;
      if (source >= 0 && source < axis.size) count++;
    }
  }
  return count;
}

/** Multiply-adds of a convolution, the same in all three directions; taps on the padding do not count. */
export function multiplyAdds(convolution: Convolution): number {
  const { n, c, k } = convolution;
  return validTaps(convolution) ** 2 * n * c * k;
}

const shapeOf = ({ size, n, c, k, window, stride, pad }: Convolution): ConvShape =>
  squareShape([size, size, n, c], k, [window, window], { stride, pad });

/** `32×32×128 16→16 3×3 /1`: height, width and images of the input, channels, window, stride. */
export function geometry(fields: readonly number[]): string {
  const [h, w, n, c, k, kernelH, kernelW, strideH] = fields;
  return `${h}×${w}×${n} ${c}→${k} ${kernelH}×${kernelW} /${strideH}`;
}

export function convolutionTitle(convolution: Convolution): string {
  const { h, w, n, c, k, kernelH, kernelW, strideH } = shapeOf(convolution);
  return geometry([h, w, n, c, k, kernelH, kernelW, strideH]);
}

/** The other directions of the convolutions with one operand in bits run the kernels of the two whole kinds. */
export const convolutionFamilies = [
  'floatConvForward',
  'floatConvBackwardInput',
  'floatConvBackwardFilter',
  'binaryConvForward',
  'binaryConvBackwardInput',
  'binaryConvBackwardFilter',
  'binaryInputConvForward',
  'binaryFilterConvForward',
] as const;
export type ConvolutionFamily = (typeof convolutionFamilies)[number];

/** Memory for the operands of every convolution up to a size, in pages as a training step has them. */
export class ConvolutionOperands {
  readonly #addon: NativeAddon;
  readonly #x: Float32Array;
  readonly #w: Float32Array;
  readonly #y: Float32Array;
  readonly #out: Float32Array;
  readonly #xSigns: Uint32Array;
  readonly #wSigns: Uint32Array;

  constructor(addon: NativeAddon, convolutions: readonly Convolution[]) {
    this.#addon = addon;
    const most = (sizeOf: (convolution: Convolution) => number): number =>
      Math.max(...convolutions.map(sizeOf));
    const x = most(({ size, n, c }) => size ** 2 * n * c);
    const w = most(({ window, c, k }) => window ** 2 * c * k);
    const y = most((convolution) => outputSize(convolution) ** 2 * convolution.n * convolution.k);
    [this.#x, this.#w, this.#y] = [x, w, y].map((count) => noise(addon, count));
    this.#out = noise(addon, Math.max(x, w, y));
    // A packed row has at least one word, so that there are never more words than elements.
    this.#xSigns = new Uint32Array(addon.allocate(4 * x));
    this.#wSigns = new Uint32Array(addon.allocate(4 * w));
  }

  /** A call of the kernel on this convolution; the next one that is made takes its memory. */
  call(family: ConvolutionFamily, convolution: Convolution): () => void {
    const { size, n, c, k, window } = convolution;
    const shape = shapeOf(convolution);
    const addon = this.#addon;
    const [x, w, y, out] = [this.#x, this.#w, this.#y, this.#out];
    const [xSigns, wSigns] = [this.#xSigns, this.#wSigns];
    addon.packSigns({ rows: size ** 2 * n, channels: c, x, sign: xSigns, mask: null });
    addon.packSigns({ rows: window ** 2 * c, channels: k, x: w, sign: wSigns, mask: null });
    switch (family) {
      case 'floatConvForward':
        return () => addon.floatConvForward({ shape, x, w, y: out });
      case 'floatConvBackwardInput':
        return () => addon.floatConvBackwardInput({ shape, dy: y, w, dx: out });
      case 'floatConvBackwardFilter':
        return () => addon.floatConvBackwardFilter({ shape, x, dy: y, dw: out });
      case 'binaryConvForward':
        return () =>
          addon.binaryConvForward({
            ...{ shape, x: xSigns, w: wSigns, scale: w, y: out },
            ...{ residual: null, residualSlope: null, gate: null, sumSlope: null },
          });
      case 'binaryConvBackwardInput':
        return () =>
          addon.binaryConvBackwardInput({ shape, dy: y, w: wSigns, scale: w, dx: out, gate: null });
      case 'binaryConvBackwardFilter':
        return () =>
          addon.binaryConvBackwardFilter({
            shape,
            x: xSigns,
            dy: y,
            scale: w,
            latent: w,
            dw: out,
            gate: null,
          });
      case 'binaryInputConvForward':
        return () => addon.binaryInputConvForward({ shape, x: xSigns, w, y: out });
      case 'binaryFilterConvForward':
        return () => addon.binaryFilterConvForward({ shape, x, w: wSigns, scale: w, y: out });
    }
  }
}
