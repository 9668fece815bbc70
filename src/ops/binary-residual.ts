import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { InputError } from '../errors.js';
import { type AffineParameters, normGradKernel, normSignKernel } from './batch-norm.js';
import { type ChannelStatistics } from './channel-statistics.js';
import { binariseKernel, binaryBackwardFilter, binaryBackwardInput, binaryForward } from './binary-conv2d.js';
import { checkConvolution, type ConvGeometry, outputSizeOf } from './conv2d.js';
import { differentiable } from './differentiable.js';
import { composedKernel } from './kernel.js';

/** The operands of a {@link binaryResidual} beside its input. */
export interface BinaryResidualOperands {
  /** Slopes of the PReLU that the input goes through first, [C]; undefined for an input that is x itself. */
  readonly slope: Tensor1D | undefined;
  /** γ and β of the BatchNorm before the sign, [C]. */
  readonly affine: AffineParameters;
  /** The statistics of x, as `channelStatistics` gives them. */
  readonly statistics: ChannelStatistics;
  readonly epsilon: number;
  /** Latent weights [kh, kw, C / groups, K]. */
  readonly latent: Tensor4D;
  /** What is added to the convolution, [H', W', N, K]; undefined for x itself. */
  readonly residual: Tensor4D | undefined;
}

/**
 * The binary convolution with its neighbours, in training, as one operation:
 *
 *   x = PReLU(v),  y = binaryConv2d(batchNormSign(x), latent) + residual
 *
 * It equals that composition, value and gradients. x is never made: every kernel that reads it applies the PReLU on the
 * way, so that in a chain of blocks one map a block is written forward and one backward. Kept between forward and
 * backward pass are v and two bits for each of its elements (the sign and the mask of the straight-through estimator); the
 * gradient of v is written where that of the sign lay.
 *
 * @param v position-major [H, W, N, C]
 * @returns y, [H', W', N, K], before the PReLU of its own block
 * @throws InputError for shapes that do not fit
 */
export function binaryResidual(
  v: Tensor4D,
  operands: BinaryResidualOperands,
  geometry: ConvGeometry,
): Tensor4D {
  const { slope, affine, statistics, epsilon, latent, residual } = operands;
  checkConvolution('binaryResidual', v, latent, geometry);
  checkResidual(v, operands, geometry);
  const { gamma, beta } = affine;
  const sloped = slope ? { slope } : {};
  const inputs: Tensor[] = [
    v,
    gamma,
    beta,
    latent,
    ...(slope ? [slope] : []),
    ...(residual ? [residual] : []),
  ];
  return differentiable<Tensor4D>(inputs, () => {
    const { mean, variance } = statistics;
    const added = residual ? { residual } : {};
    const [value, signs, mask, filterSigns, scale] = residualKernel(
      { v, ...sloped, gamma, beta, mean, variance, latent, ...added },
      { ...geometry, epsilon },
    );
    return {
      value: value as Tensor4D,
      saved: [v, gamma, mean, variance, mask, signs, latent, filterSigns, scale, ...(slope ? [slope] : [])],
      gradients: (dy, [x, g, mu, sigma2, passes, s, w, ws, alpha, a]) => {
        const [dv, dgamma, dbeta, dw, dslope] = residualGradKernel(
          {
            dy,
            v: x,
            ...(a ? { slope: a } : {}),
            gamma: g,
            mean: mu,
            variance: sigma2,
            mask: passes,
            signs: s,
            latent: w,
            filterSigns: ws,
            scale: alpha,
          },
          { ...geometry, epsilon, addsDy: !residual },
        );
        return [dv, dgamma, dbeta, dw, ...(a ? [dslope] : []), ...(residual ? [dy] : [])];
      },
    };
  });
}

/** What the forward kernel takes beside its inputs. */
export type ResidualAttributes = ConvGeometry & { readonly epsilon: number };

/** y, the signs of BatchNorm(x) and their mask, the signs and scale of the latent weights. */
const residualKernel = composedKernel<ResidualAttributes, Tensor[]>(
  'BinaryResidual',
  ({ v, slope, gamma, beta, mean, variance, latent, residual }, { epsilon, ...geometry }) => {
    const sloped = slope ? { slope } : {};
    const norm = { x: v, ...sloped, gamma, beta, mean, variance };
    const [signs, mask] = normSignKernel(norm, { epsilon, withMask: true });
    const [filterSigns, scale] = binariseKernel({ w: latent }, {});
    const added = residual ? { residual } : { residual: v, ...sloped };
    const value = binaryForward({ x: signs, sign: filterSigns, scale, ...added }, geometry);
    return [value, signs, mask, filterSigns, scale];
  },
);

/** What the kernel of the gradients takes beside its inputs. */
export type ResidualGradAttributes = ResidualAttributes & {
  /** Whether x itself was the residual. */
  readonly addsDy: boolean;
};

/** dv, dγ, dβ, the gradient to the latent weights, and that to the slope where there is one. */
const residualGradKernel = composedKernel<ResidualGradAttributes, Tensor[]>(
  'BinaryResidualGrad',
  (inputs, { epsilon, addsDy, ...geometry }) => {
    const { dy, v, slope, gamma, mean, variance, mask, signs, latent, filterSigns, scale } = inputs;
    const [kh, kw] = latent.shape as [number, number];
    const [h, w] = v.shape as [number, number];
    const dw = binaryBackwardFilter({ x: signs, dy, scale, w: latent }, { ...geometry, size: [kh, kw] });
    const ds = binaryBackwardInput({ dy, sign: filterSigns, scale }, { ...geometry, size: [h, w] });
    const upstream = { dy: ds, x: v, mean, variance, gamma, mask, ...(slope ? { slope } : {}) };
    const [dv, dgamma, dbeta, dslope] = normGradKernel(
      { ...upstream, ...(addsDy ? { addend: dy } : {}) },
      { epsilon, inPlace: true },
    );
    return [dv, dgamma, dbeta, dw, ...(slope ? [dslope] : [])];
  },
);

function checkResidual(
  v: Tensor4D,
  { latent, residual }: BinaryResidualOperands,
  geometry: ConvGeometry,
): void {
  const wanted = [...outputSizeOf(v, latent, geometry), v.shape[2], latent.shape[3]];
  const { shape } = residual ?? v;
  if (shape.join() !== wanted.join()) {
    throw new InputError(
      `binaryResidual: the residual must have the shape [${wanted.join(', ')}], got [${shape.join(', ')}].`,
    );
  }
}
