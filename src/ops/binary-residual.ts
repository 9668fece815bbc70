import { onesLike, type Tensor, type Tensor1D, type Tensor4D } from '@tensorflow/tfjs-core';
import { InputError } from '../errors.js';
import {
  type AffineParameters,
  type ChannelStatistics,
  normGradKernel,
  normSignKernel,
} from './batch-norm.js';
import { binariseKernel, binaryBackwardFilter, binaryBackwardInput, binaryForward } from './binary-conv2d.js';
import { checkConvolution, type ConvGeometry } from './conv2d.js';
import { differentiable } from './differentiable.js';
import { isConsumable } from './consumable.js';
import { addPreluKernel, isInvertible, preluGradKernel } from './prelu.js';

/** The operands of a {@link binaryResidual} beside its input. */
export interface BinaryResidualOperands {
  /** γ and β of the BatchNorm before the sign, [C]. */
  readonly affine: AffineParameters;
  /** The statistics of x, as `channelStatistics` gives them. */
  readonly statistics: ChannelStatistics;
  readonly epsilon: number;
  /** Latent weights [kh, kw, C, K]. */
  readonly latent: Tensor4D;
  /** Slopes of the PReLU, [K]. */
  readonly slope: Tensor1D;
  /** What is added before the PReLU, [H', W', N, K]; undefined for x itself. */
  readonly residual: Tensor4D | undefined;
}

/**
 * The binary residual block in training as one operation:
 *
 *   y = PReLU(binaryConv2d(batchNormSign(x), latent) + residual)
 *
 * It equals that composition, value and gradients. Fused, it keeps between forward and backward pass only x, y and two bits
 * for each element of x (its sign and the mask of the straight-through estimator), and its backward pass needs one
 * temporary of the size of x: the gradients of the residual, of the BatchNorm and of the PReLU are written where their
 * upstream gradients lay.
 *
 * @param x position-major [H, W, N, C]
 * @throws InputError for shapes that do not fit
 */
export function binaryResidual(
  x: Tensor4D,
  operands: BinaryResidualOperands,
  geometry: ConvGeometry,
): Tensor4D {
  const { affine, statistics, epsilon, latent, slope, residual } = operands;
  checkConvolution('binaryResidual', x, latent, geometry);
  const { gamma, beta } = affine;
  const inputs: Tensor[] = [x, gamma, beta, latent, slope];
  if (residual) inputs.push(residual);
  return differentiable<Tensor4D>(inputs, () => {
    const [signs, mask] = normSignKernel({ x, gamma, beta, ...statistics }, { epsilon, withMask: true });
    const [filterSigns, scale] = binariseKernel({ w: latent }, {});
    const convolved = binaryForward({ x: signs, sign: filterSigns, scale }, geometry);
    const added = residual ?? x;
    if (convolved.shape.join() !== added.shape.join()) {
      throw new InputError(
        `binaryResidual: the residual must have the shape [${convolved.shape.join(', ')}], got [${added.shape.join(', ')}].`,
      );
    }
    const fromOutput = isInvertible(slope);
    const value = addPreluKernel(
      { x: convolved, residual: added, slope },
      { inPlace: fromOutput },
    ) as Tensor4D;
    const preluInput = fromOutput
      ? value
      : addPreluKernel({ x: convolved, residual: added, slope: onesLike(slope) }, { inPlace: false });
    return {
      value,
      saved: [
        x,
        gamma,
        statistics.mean,
        statistics.variance,
        mask,
        signs,
        latent,
        filterSigns,
        scale,
        preluInput,
        slope,
      ],
      gradients: (dy, [x0, g, mean, variance, passes, s, w, ws, alpha, v, a]) => {
        const [dv, dslope] = preluGradKernel({ dy, v, slope: a }, { fromOutput, inPlace: isConsumable(dy) });
        const dw = binaryBackwardFilter(
          { x: s, dy: dv, scale: alpha, w },
          { ...geometry, size: [latent.shape[0], latent.shape[1]] },
        );
        const ds = binaryBackwardInput(
          { dy: dv, sign: ws, scale: alpha },
          { ...geometry, size: [x.shape[0], x.shape[1]] },
        );
        const norm = { dy: ds, x: x0, mean, variance, gamma: g, mask: passes };
        const [dx, dgamma, dbeta] = normGradKernel(residual ? norm : { ...norm, addend: dv }, {
          epsilon,
          inPlace: true,
        });
        ds.dispose();
        if (!residual) {
          dv.dispose();
          return [dx, dgamma, dbeta, dw, dslope];
        }
        return [dx, dgamma, dbeta, dw, dslope, dv];
      },
    };
  });
}
