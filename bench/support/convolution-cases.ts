import type { NativeAddon } from '../../src/backends/native/addon.js';
import { convShape } from '../../src/backends/native/kernels/registration.js';
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

function fieldsOf({ size, n, c, k, window, stride, pad }: Convolution): Int32Array {
  const out = outputSize({ size, window, stride, pad });
  return convShape({
    ...{ h: size, w: size, n, c, k },
    kernel: [window, window],
    stride: [stride, stride],
    pad: [pad, pad],
    out: [out, out],
  });
}

/** `32×32×128 16→16 3×3 /1`: height, width and images of the input, channels, window, stride. */
export function geometry(fields: readonly number[]): string {
  const [h, w, n, c, k, kernelH, kernelW, strideH] = fields;
  return `${h}×${w}×${n} ${c}→${k} ${kernelH}×${kernelW} /${strideH}`;
}

export function convolutionTitle(convolution: Convolution): string {
  return geometry([...fieldsOf(convolution)]);
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
    const fields = fieldsOf(convolution);
    const addon = this.#addon;
    const [x, w, y, out] = [this.#x, this.#w, this.#y, this.#out];
    const [xSigns, wSigns] = [this.#xSigns, this.#wSigns];
    addon.packSigns(size ** 2 * n, c, x, xSigns, null);
    addon.packSigns(window ** 2 * c, k, w, wSigns, null);
    switch (family) {
      case 'floatConvForward':
        return () => addon.floatConvForward(fields, x, w, out);
      case 'floatConvBackwardInput':
        return () => addon.floatConvBackwardInput(fields, y, w, out);
      case 'floatConvBackwardFilter':
        return () => addon.floatConvBackwardFilter(fields, x, y, out);
      case 'binaryConvForward':
        return () => addon.binaryConvForward(fields, xSigns, wSigns, w, null, null, out);
      case 'binaryConvBackwardInput':
        return () => addon.binaryConvBackwardInput(fields, y, wSigns, w, out);
      case 'binaryConvBackwardFilter':
        return () => addon.binaryConvBackwardFilter(fields, xSigns, y, w, w, out);
      case 'binaryInputConvForward':
        return () => addon.binaryInputConvForward(fields, xSigns, w, out);
      case 'binaryFilterConvForward':
        return () => addon.binaryFilterConvForward(fields, x, wSigns, w, out);
    }
  }
}
