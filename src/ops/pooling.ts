import {
  engine,
  mean,
  mul,
  ones,
  type NamedAttrMap,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
  tensor4d,
} from '@tensorflow/tfjs-core';
import { InputError } from '../errors.js';
import { hwnc, nhwc } from './conv2d.js';
import { differentiable } from './differentiable.js';
import { composedKernel } from './kernel.js';

/** Window, stride and symmetric padding of a pooling, in positions, equal in both directions. */
export interface PoolGeometry {
  readonly window: number;
  readonly stride: number;
  readonly pad: number;
}

/** Average pooling: whether padding counts in the divisor (PyTorch's default) or only valid positions do. */
export interface AveragePoolGeometry extends PoolGeometry {
  readonly countPadding: boolean;
}

const stock = ({ window, stride, pad }: PoolGeometry): NamedAttrMap => ({
  filterSize: [window, window],
  strides: [stride, stride],
  pad,
  dimRoundingMode: 'floor',
});

type AverageGradAttributes = AveragePoolGeometry & { readonly size: readonly [number, number] };

// The stock kernel divides by the valid positions; the sum over the window is that mean times their number.
function divisorCorrection(
  [h, w]: readonly [number, number],
  { window, stride, pad }: PoolGeometry,
): Tensor4D {
  const outputs = (size: number): number => Math.floor((size + 2 * pad - window) / stride) + 1;
  const valid = (size: number, at: number): number =>
    Math.min(at * stride - pad + window, size) - Math.max(at * stride - pad, 0);
  const factors = new Float32Array(outputs(h) * outputs(w));
  for (let i = 0; i < factors.length; i++) {
    factors[i] = (valid(h, Math.floor(i / outputs(w))) * valid(w, i % outputs(w))) / (window * window);
  }
  return tensor4d(factors, [outputs(h), outputs(w), 1, 1]);
}

const averageKernel = composedKernel<AveragePoolGeometry, Tensor4D>(
  'PositionMajorAveragePool',
  ({ x }, geometry) => {
    const means = hwnc(engine().runKernel<Tensor>('AvgPool', { x: nhwc(x) }, stock(geometry)));
    return geometry.countPadding ? mul(means, divisorCorrection([x.shape[0], x.shape[1]!], geometry)) : means;
  },
);

const averageGradKernel = composedKernel<AverageGradAttributes, Tensor4D>(
  'PositionMajorAveragePoolGrad',
  ({ dy }, { size, ...geometry }) => {
    const upstream = geometry.countPadding ? mul(dy, divisorCorrection(size, geometry)) : dy;
    const input = ones([dy.shape[2]!, size[0], size[1], dy.shape[3]!]);
    return hwnc(engine().runKernel<Tensor>('AvgPoolGrad', { dy: nhwc(upstream), input }, stock(geometry)));
  },
);

const maxKernel = composedKernel<PoolGeometry, Tensor4D>('PositionMajorMaxPool', ({ x }, geometry) =>
  hwnc(engine().runKernel<Tensor>('MaxPool', { x: nhwc(x) }, stock(geometry))),
);

const maxGradKernel = composedKernel<PoolGeometry, Tensor4D>(
  'PositionMajorMaxPoolGrad',
  ({ dy, x, y }, geometry) =>
    hwnc(
      engine().runKernel<Tensor>(
        'MaxPoolGrad',
        { dy: nhwc(dy), input: nhwc(x), output: nhwc(y) },
        stock(geometry),
      ),
    ),
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
 * Average pooling of a position-major tensor: the sum of the window divided by its size (countPadding) or by the number of
 * its positions inside the input.
 *
 * @param x [H, W, N, C]
 * @returns [⌊(H + 2 pad − window) / stride⌋ + 1, …, N, C]
 * @throws InputError for a geometry that does not fit
 */
export function averagePool(x: Tensor4D, geometry: AveragePoolGeometry): Tensor4D {
  checkPool('averagePool', x, geometry);
  const size = [x.shape[0], x.shape[1]] as const;
  return differentiable([x], () => ({
    value: averageKernel({ x }, geometry),
    saved: [],
    gradients: (dy) => [averageGradKernel({ dy }, { ...geometry, size })],
  }));
}

/**
 * Max pooling of a position-major tensor; padding never wins. The gradient goes to the largest value of each window.
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
