import {
  add,
  mul,
  slice,
  softmax,
  square,
  squeeze,
  stack,
  sub,
  sum,
  tanh,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
} from '@tensorflow/tfjs-core';
import { InputError } from '../errors.js';
import { differentiable } from './differentiable.js';
import { composedKernel } from './kernel.js';
import { shapeText } from './shape-text.js';

/** Parameters, [C] each, for the mean, for the maximum, and for both together. */
export type GateParameters = readonly [Tensor1D, Tensor1D, Tensor1D];

type Parts = Record<'average' | 'greatest' | 'share' | 'u' | 'v' | 'outer', Tensor>;

/** The variables of the formula. */
function partsOf({ pools, w0, w1, w2, b0, b1, b2 }: Record<string, Tensor>): Parts {
  const [average, greatest] = [0, 1].map((i) => squeeze<Tensor2D>(slice(pools, i, 1), [0]));
  const share = softmax(average);
  const u = tanh(add(mul(mul(average, w0), share), b0));
  const v = tanh(add(mul(mul(greatest, w1), share), b1));
  return { average, greatest, share, u, v, outer: tanh(add(mul(mul(v, w2), u), b2)) };
}

const gateKernel = composedKernel<object, Tensor2D>('DecoratorGate', (inputs) =>
  add(1, partsOf(inputs).outer),
);

/** Outputs: the gradients to the pools, to the three weights and to the three biases. */
const gateGradKernel = composedKernel<object, Tensor[]>('DecoratorGateGrad', ({ dy, ...inputs }) => {
  const { average, greatest, share, u, v, outer } = partsOf(inputs);
  const { w0, w1, w2 } = inputs;
  const throughTanh = (d: Tensor, y: Tensor): Tensor => mul(d, sub(1, square(y)));
  const z2 = throughTanh(dy, outer);
  const z0 = throughTanh(mul(mul(z2, w2), v), u);
  const z1 = throughTanh(mul(mul(z2, w2), u), v);
  const [toAverage, toGreatest] = [mul(z0, w0), mul(z1, w1)];
  const toShare = add(mul(toAverage, average), mul(toGreatest, greatest));
  const bySoftmax = mul(share, sub(toShare, sum(mul(toShare, share), 1, true)));
  const dpools = stack([add(mul(toAverage, share), bySoftmax), mul(toGreatest, share)]);
  const weights = [mul(mul(z0, average), share), mul(mul(z1, greatest), share), mul(mul(z2, v), u)];
  return [dpools, ...[...weights, z0, z1, z2].map((each) => sum(each, 0))];
});

/**
 * The gate of a decorated convolution, from the mean a and the maximum b of each channel:
 *
 *   s = softmax(a),  u = tanh(w₀·a·s + b₀),  v = tanh(w₁·b·s + b₁),  y = 1 + tanh(w₂·v·u + b₂)
 *
 * with the softmax over the channels.
 *
 * @param pools [2, N, C], the means and the maxima
 * @param weights [C] each
 * @param biases [C] each
 * @returns [N, C]
 * @throws InputError when shapes do not fit
 */
export function decoratorGate(pools: Tensor3D, weights: GateParameters, biases: GateParameters): Tensor2D {
  const channels = pools.shape[2];
  if (pools.rank !== 3 || pools.shape[0] !== 2)
    throw new InputError(
      `decoratorGate: the means and maxima must have the shape [2, N, C], got ${shapeText(pools)}.`,
    );
  for (const { rank, shape } of [...weights, ...biases])
    if (rank !== 1 || shape[0] !== channels)
      throw new InputError(
        `decoratorGate: weights and biases must have the shape [${channels}] of the channels, got ${shapeText({ shape })}.`,
      );
  const parameters = [...weights, ...biases];
  return differentiable<Tensor2D>([pools, ...parameters], () => ({
    value: gateKernel(named([pools, ...parameters]), {}),
    saved: [pools, ...parameters],
    gradients: (dy, saved) => gateGradKernel({ dy, ...named(saved) }, {}),
  }));
}

function named([pools, w0, w1, w2, b0, b1, b2]: readonly Tensor[]): Record<string, Tensor> {
  return { pools, w0, w1, w2, b0, b1, b2 };
}
