import {
  add,
  mul,
  sigmoid,
  sub,
  sum,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import type { FactoredGateAttributes, FactorForm } from '../backends/kernel-contracts/attention.js';
import { InputError } from '../errors.js';
import { differentiable } from './differentiable.js';
import { composedKernel } from './kernel.js';
import { shapeText } from './shape-text.js';

export type { FactorForm };

/** The joint factor, and its derivative by p·c. */
function joined({ positions, channels }: Record<string, Tensor>, form: FactorForm): [Tensor, Tensor | 1] {
  const product = mul(positions, channels);
  if (form === 'product') return [product, 1];
  const s = sigmoid(product);
  return [add(1, s), mul(s, sub(1, s))];
}

const gateKernel = composedKernel<FactoredGateAttributes, Tensor4D>(
  'FactoredGate',
  ({ x, ...factors }, { form }) => mul(x, joined(factors, form)[0]),
);

/** Outputs: the gradients to x, to the positions and to the channels. */
const gateGradKernel = composedKernel<FactoredGateAttributes & { readonly inPlace: boolean }, Tensor[]>(
  'FactoredGateGrad',
  ({ dy, x, positions, channels }, { form }) => {
    const [factor, slope] = joined({ positions, channels }, form);
    const g = mul(mul(dy, x), slope);
    return [mul(dy, factor), sum(mul(g, channels), 3, true), sum(mul(g, positions), [0, 1])];
  },
);

/**
 * A map times the product of a factor for each position of an image and one for each of its channels. The map
 * of the products is never made:
 *
 *   y[p, n, c] = x[p, n, c] · A(positions[p, n] · channels[n, c]),  A(z) = z or 1 + σ(z)
 *
 * @param x position-major [H, W, N, C]
 * @param positions [H, W, N, 1]
 * @param channels [N, C]
 * @throws InputError when shapes do not fit
 */
export function factoredGate(
  x: Tensor4D,
  positions: Tensor4D,
  channels: Tensor2D,
  form: FactorForm,
): Tensor4D {
  const [h, w, n, c] = x.shape;
  if (positions.shape.join() !== [h, w, n, 1].join() || channels.shape.join() !== [n, c].join())
    throw new InputError(
      `factoredGate: the factors of a map ${shapeText(x)} must have the shapes [${h}, ${w}, ${n}, 1] and [${n}, ${c}], got ${shapeText(positions)} and ${shapeText(channels)}.`,
    );
  return differentiable<Tensor4D>([x, positions, channels], () => ({
    value: gateKernel({ x, positions, channels }, { form }),
    saved: [x, positions, channels],
    gradients: (dy, [input, p, k], ctx) =>
      gateGradKernel({ dy, x: input, positions: p, channels: k }, { form, inPlace: ctx.mayOverwrite(dy) }),
  }));
}
