import { mul, sum, type Tensor, type Tensor2D, type Tensor4D } from '@tensorflow/tfjs-core';
import { InputError } from '../errors.js';
import { differentiable } from './differentiable.js';
import { composedKernel } from './kernel.js';
import { shapeText } from './shape-text.js';

const gateKernel = composedKernel<object, Tensor4D>('ChannelGate', ({ x, gate }) => mul(x, gate));

/** Outputs: the gradients to x and to the gate. */
const gateGradKernel = composedKernel<{ readonly inPlace: boolean }, Tensor[]>(
  'ChannelGateGrad',
  ({ dy, x, gate }) => [mul(dy, gate), sum(mul(dy, x), [0, 1])],
);

/**
 * A map times one factor for each image and channel: y[p, n, c] = x[p, n, c] · gate[n, c].
 *
 * @param x position-major [H, W, N, C]
 * @param gate [N, C]
 * @throws InputError when shapes do not fit
 */
export function channelGate(x: Tensor4D, gate: Tensor2D): Tensor4D {
  const wanted = x.shape.slice(2);
  if (gate.shape.join() !== wanted.join())
    throw new InputError(
      `channelGate: the gate must have the shape [${wanted.join(', ')}] of images and channels of x, got ${shapeText(gate)}.`,
    );
  return differentiable<Tensor4D>([x, gate], () => ({
    value: gateKernel({ x, gate }, {}),
    saved: [x, gate],
    gradients: (dy, [input, factor], ctx) =>
      gateGradKernel({ dy, x: input, gate: factor }, { inPlace: ctx.mayOverwrite(dy) }),
  }));
}
