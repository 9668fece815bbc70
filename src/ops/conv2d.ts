import {
  concat,
  conv2d as stockConv2d,
  engine,
  type NamedAttrMap,
  split,
  type Tensor,
  type Tensor4D,
  transpose,
} from '@tensorflow/tfjs-core';
import type { BackwardAttributes, ConvGeometry } from '../backends/kernel-contracts/convolution.js';
import { InputError } from '../errors.js';
import { differentiable } from './differentiable.js';
import { composedKernel } from './kernel.js';
import { shapeText } from './shape-text.js';

export type { BackwardAttributes, ConvGeometry };

/** Position-major to NHWC with stock operations. */
export const nhwc = (x: Tensor): Tensor4D => transpose(x as Tensor4D, [2, 0, 1, 3]);
/** NHWC to position-major with stock operations. */
export const hwnc = (x: Tensor): Tensor4D => transpose(x as Tensor4D, [1, 2, 0, 3]);

type Sides = [number, number];

// Padding given as one number makes TensorFlow.js use the window's height for its width too.
const explicitPadding = (pad: number): [Sides, Sides, Sides, Sides] => [
  [0, 0],
  [pad, pad],
  [pad, pad],
  [0, 0],
];

const stockAttributes = ({ stride, pad }: ConvGeometry): NamedAttrMap => ({
  strides: [stride, stride],
  pad: explicitPadding(pad),
  dataFormat: 'NHWC',
  dilations: [1, 1],
  dimRoundingMode: 'floor',
});

/**
 * The results of `one` for each group, joined along the channels, which are the last dimension of the
 * operands.
 */
function inGroups(
  operands: readonly Tensor[],
  groups: number,
  one: (...parts: Tensor4D[]) => Tensor4D,
): Tensor4D {
  if (groups === 1) return one(...(operands as Tensor4D[]));
  const parts = operands.map((operand) => split<Tensor4D>(operand as Tensor4D, groups, 3));
  return concat(
    Array.from({ length: groups }, (_, group) => one(...parts.map((of) => of[group]))),
    3,
  );
}

/** The convolution of position-major floats: x [H, W, N, C], w [kh, kw, C / groups, K] → [H', W', N, K]. */
export const convForward = composedKernel<ConvGeometry, Tensor4D>(
  'PositionMajorConv2D',
  ({ x, w }, { stride, pad, groups = 1 }) =>
    inGroups([x, w], groups, (input, filter) =>
      hwnc(stockConv2d(nhwc(input), filter, stride, explicitPadding(pad), 'NHWC', 1, 'floor')),
    ),
);

/** Its gradient to the input of the given size [H, W]. */
export const convBackwardInput = composedKernel<BackwardAttributes, Tensor4D>(
  'PositionMajorConv2DBackpropInput',
  ({ dy, w }, { size, groups = 1, ...geometry }) =>
    inGroups([dy, w], groups, (upstream, filter) =>
      hwnc(
        engine().runKernel<Tensor>(
          'Conv2DBackpropInput',
          { dy: nhwc(upstream), filter },
          { ...stockAttributes(geometry), inputShape: [dy.shape[2]!, size[0], size[1], w.shape[2]!] },
        ),
      ),
    ),
);

/** Its gradient to the filter; `size` is the filter's [kh, kw]. */
export const convBackwardFilter = composedKernel<BackwardAttributes, Tensor4D>(
  'PositionMajorConv2DBackpropFilter',
  ({ x, dy }, { size, groups = 1, ...geometry }) =>
    inGroups([x, dy], groups, (input, upstream) =>
      engine().runKernel<Tensor4D>(
        'Conv2DBackpropFilter',
        { x: nhwc(input), dy: nhwc(upstream) },
        { ...stockAttributes(geometry), filterShape: [size[0], size[1], input.shape[3], upstream.shape[3]] },
      ),
    ),
);

/** [H', W'] of a convolution's output. */
export function outputSizeOf(x: Tensor4D, w: Tensor4D, { stride, pad }: ConvGeometry): Sides {
  const along = (axis: 0 | 1): number => Math.floor((x.shape[axis] + 2 * pad - w.shape[axis]) / stride) + 1;
  return [along(0), along(1)];
}

/**
 * Refuses groups that do not divide the channels of a convolution.
 *
 * @throws InputError
 */
export function checkGroups(name: string, inputs: number, outputs: number, groups: number): void {
  if (!Number.isInteger(groups) || groups < 1)
    throw new InputError(`${name}: the groups must be a whole number from 1, got ${groups}.`);
  if (inputs % groups !== 0 || outputs % groups !== 0)
    throw new InputError(
      `${name}: ${groups} groups do not divide its ${inputs} input and ${outputs} output channels.`,
    );
}

/**
 * Refuses operands that cannot be convolved.
 *
 * @throws InputError
 */
export function checkConvolution(
  name: string,
  x: Tensor4D,
  w: Tensor4D,
  { stride, pad, groups = 1 }: ConvGeometry,
): void {
  if (x.rank !== 4 || w.rank !== 4) {
    throw new InputError(`${name} needs tensors of rank 4, got ranks ${x.rank} and ${w.rank}.`);
  }
  checkGroups(name, x.shape[3], w.shape[3], groups);
  if (x.shape[3] !== groups * w.shape[2]) {
    throw new InputError(
      `${name}: the input has ${x.shape[3]} channels and the filter ${shapeText(w)}${groups === 1 ? '' : ` in ${groups} groups`} takes ${groups * w.shape[2]}.`,
    );
  }
  if (!Number.isInteger(stride) || stride < 1 || !Number.isInteger(pad) || pad < 0) {
    throw new InputError(
      `${name} needs a whole stride from 1 and padding from 0, got stride ${stride} and pad ${pad}.`,
    );
  }
  if (x.shape[0] + 2 * pad < w.shape[0] || x.shape[1] + 2 * pad < w.shape[1]) {
    throw new InputError(
      `${name}: the filter ${w.shape[0]}×${w.shape[1]} is larger than the padded input ${x.shape[0] + 2 * pad}×${x.shape[1] + 2 * pad}.`,
    );
  }
}

/**
 * Convolution in full precision, with its gradients:
 *
 *   y[p, n, k] = Σ_{tap, c} x[p·stride + tap − pad, n, c] · w[tap, c, k]
 *
 * @param x position-major [H, W, N, C]
 * @param w filter [kh, kw, C / groups, K]
 * @param inputGradient false where no gradient to x is needed, because x is the network's input; it is then
 *   not computed
 * @returns [⌊(H + 2 pad − kh) / stride⌋ + 1, …, N, K]
 * @throws InputError for shapes that do not fit
 */
export function conv2d(x: Tensor4D, w: Tensor4D, geometry: ConvGeometry, inputGradient = true): Tensor4D {
  checkConvolution('conv2d', x, w, geometry);
  return differentiable(inputGradient ? [w, x] : [w], () => ({
    value: convForward({ x, w }, geometry),
    saved: [x, w],
    gradients: (dy, [input, filter]) => {
      const gradients = [
        convBackwardFilter({ x: input, dy }, { ...geometry, size: [w.shape[0], w.shape[1]] }),
      ];
      if (inputGradient) {
        gradients.push(convBackwardInput({ dy, w: filter }, { ...geometry, size: [x.shape[0], x.shape[1]] }));
      }
      return gradients;
    },
  }));
}
