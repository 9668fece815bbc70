import {
  add,
  div,
  engine,
  mean,
  mul,
  type NamedAttrMap,
  ones,
  pad,
  slice,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
  tensor4d,
} from '@tensorflow/tfjs-core';
import {
  type AverageGradAttributes,
  type AveragePoolGeometry,
  type PoolGeometry,
  reachBeyond,
  windowsAlong,
} from '../backends/kernel-contracts/pooling.js';
import { InputError } from '../errors.js';
import { hwnc, nhwc } from './conv2d.js';
import { differentiable } from './differentiable.js';
import { composedKernel } from './kernel.js';

export type { AveragePoolGeometry, PoolGeometry };

// Other backends pad differently or not at all, and at a border the gradient of the stock average divides by
// another number than the average itself. So the definitions pad first, and stock pooling runs without
// padding.
const stock = ({ window, stride }: PoolGeometry): NamedAttrMap => ({
  filterSize: [window, window],
  strides: [stride, stride],
  pad: 'valid',
  dimRoundingMode: 'floor',
});

const padded = (x: Tensor, geometry: PoolGeometry & { ceil?: boolean }, value: number): Tensor4D => {
  const { pad: size } = geometry;
  const [h, w] = x.shape as [number, number];
  const [down, right] = [h, w].map((length): [number, number] => [
    size,
    size + reachBeyond(length, geometry),
  ]);
  return size === 0 && down[1] === 0 && right[1] === 0
    ? nhwc(x)
    : pad(nhwc(x), [[0, 0], down, right, [0, 0]], value);
};

/** The part of a gradient to a padded NHWC input that belongs to the input, position-major. */
function unpadded(
  gradient: Tensor,
  [h, w]: readonly [number, number],
  { pad: size }: PoolGeometry,
): Tensor4D {
  const [n, , , c] = (gradient as Tensor4D).shape;
  return hwnc(slice(gradient as Tensor4D, [0, size, size, 0], [n, h, w, c]));
}

// The share of each window that lies inside an input of size [h, w].
function insideParts([h, w]: readonly [number, number], geometry: AveragePoolGeometry): Tensor4D {
  const { window, stride, pad: size, ceil } = geometry;
  const outputs = (length: number): number => windowsAlong(length, geometry, ceil);
  const inside = (length: number, at: number): number =>
    Math.min(at * stride - size + window, length) - Math.max(at * stride - size, 0);
  const parts = new Float32Array(outputs(h) * outputs(w));
  for (let i = 0; i < parts.length; i++) {
    parts[i] = (inside(h, Math.floor(i / outputs(w))) * inside(w, i % outputs(w))) / (window * window);
  }
  return tensor4d(parts, [outputs(h), outputs(w), 1, 1]);
}

export const averageKernel = composedKernel<AveragePoolGeometry, Tensor4D>(
  'PositionMajorAveragePool',
  ({ x }, geometry) => {
    const [h, w] = (x as Tensor4D).shape;
    const means = hwnc(engine().runKernel<Tensor>('AvgPool', { x: padded(x, geometry, 0) }, stock(geometry)));
    return geometry.countPadding ? means : div(means, insideParts([h, w], geometry));
  },
);

/**
 * The gradient to an input of the given size, plus `addend` if it is given, in whose memory the sum may lie.
 */
export const averageGradKernel = composedKernel<AverageGradAttributes, Tensor4D>(
  'PositionMajorAveragePoolGrad',
  ({ dy, addend }, { size, ...geometry }) => {
    const upstream = geometry.countPadding ? dy : div(dy, insideParts(size, geometry));
    const [, , n, c] = (dy as Tensor4D).shape;
    const [height, width] = size.map((length) => length + 2 * geometry.pad + reachBeyond(length, geometry));
    const input = ones([n, height, width, c]);
    const inputs = { dy: nhwc(upstream), input };
    const dx = unpadded(engine().runKernel<Tensor>('AvgPoolGrad', inputs, stock(geometry)), size, geometry);
    return addend ? add<Tensor4D>(dx, addend) : dx;
  },
);

const maxKernel = composedKernel<PoolGeometry, Tensor4D>('PositionMajorMaxPool', ({ x }, geometry) =>
  hwnc(engine().runKernel<Tensor>('MaxPool', { x: padded(x, geometry, -Infinity) }, stock(geometry))),
);

const maxGradKernel = composedKernel<PoolGeometry, Tensor4D>(
  'PositionMajorMaxPoolGrad',
  ({ dy, x, y }, geometry) => {
    const [h, w] = (x as Tensor4D).shape;
    const inputs = { dy: nhwc(dy), input: padded(x, geometry, -Infinity), output: nhwc(y) };
    return unpadded(engine().runKernel<Tensor>('MaxPoolGrad', inputs, stock(geometry)), [h, w], geometry);
  },
);

function checkPool(name: string, x: Tensor4D, { window, stride, pad }: PoolGeometry): void {
  if (x.rank !== 4) throw new InputError(`${name} needs a tensor of rank 4, got rank ${x.rank}.`);
  if (
    ![window, stride].every((v) => Number.isInteger(v) && v >= 1) ||
    !Number.isInteger(pad) ||
    pad < 0 ||
    pad >= window
  ) {
    throw new InputError(
      `${name} needs a whole window and stride from 1 and padding below the window, got ${window}, ${stride} and ${pad}.`,
    );
  }
  if (x.shape[0] + 2 * pad < window || x.shape[1] + 2 * pad < window) {
    throw new InputError(`${name}: the window ${window}×${window} is larger than the padded input.`);
  }
}

/**
 * Average pooling of a position-major tensor: the sum of the window divided by its size (`countPadding`) or
 * by the number of its positions inside the input.
 *
 * @param x [H, W, N, C]
 * @returns [⌊(H + 2 pad − window) / stride⌋ + 1, …, N, C], with `ceil` ⌈…⌉
 * @throws InputError for a geometry that does not fit
 */
export function averagePool(x: Tensor4D, geometry: AveragePoolGeometry): Tensor4D {
  checkPool('averagePool', x, geometry);
  if (geometry.ceil === true && (geometry.pad > 0 || geometry.countPadding))
    throw new InputError('averagePool: windows that reach over the end go without padding.');
  const size = [x.shape[0], x.shape[1]] as const;
  return differentiable([x], () => ({
    value: averageKernel({ x }, geometry),
    saved: [],
    gradients: (dy) => [averageGradKernel({ dy }, { ...geometry, size })],
  }));
}

/**
 * Max pooling of a position-major tensor; padding never wins. The gradient goes to the largest value of each
 * window, in row order to the first of equal ones.
 *
 * @param x [H, W, N, C]
 * @throws InputError for a geometry that does not fit
 */
export function maxPool(x: Tensor4D, geometry: PoolGeometry): Tensor4D {
  checkPool('maxPool', x, geometry);
  return differentiable([x], () => {
    const value = maxKernel({ x }, geometry);
    return {
      value,
      saved: [x, value],
      gradients: (dy, [input, output]) => [maxGradKernel({ dy, x: input, y: output }, geometry)],
    };
  });
}

const globalMeanKernel = composedKernel<object, Tensor2D>('PositionMean', ({ x }) => mean(x, [0, 1]));

const globalMeanGradKernel = composedKernel<{ size: readonly [number, number] }, Tensor4D>(
  'PositionMeanGrad',
  ({ dy }, { size: [h, w] }) => mul(ones([h, w, 1, 1]), mul(dy, 1 / (h * w))),
);

/**
 * The mean over all positions of a position-major tensor.
 *
 * @param x [H, W, N, C]
 * @returns [N, C]
 */
export function globalMean(x: Tensor4D): Tensor2D {
  if (x.rank !== 4) throw new InputError(`globalMean needs a tensor of rank 4, got rank ${x.rank}.`);
  const size = [x.shape[0], x.shape[1]] as const;
  return differentiable([x], () => ({
    value: globalMeanKernel({ x }, {}),
    saved: [],
    gradients: (dy) => [globalMeanGradKernel({ dy }, { size })],
  }));
}
