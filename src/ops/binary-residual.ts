import {
  add,
  mean as meanOf,
  mul,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { InputError } from '../errors.js';
import { type AffineParameters, normalised, normGradKernel, normSignKernel } from './batch-norm.js';
import { type ChannelStatistics } from './channel-statistics.js';
import { binariseKernel, binaryBackwardFilter, binaryBackwardInput, binaryForward } from './binary-conv2d.js';
import { checkConvolution, type ConvGeometry, outputSizeOf } from './conv2d.js';
import { differentiable } from './differentiable.js';
import { composedKernel, type KernelInputs } from './kernel.js';
import { preluOf } from './prelu.js';
import { squeezeExcite, squeezeExciteGradients, type SqueezeExciteWeights } from './squeeze-excite.js';

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
  /** Of a gate on the convolution; default none. */
  readonly attention?: SqueezeExciteWeights | undefined;
}

/**
 * The binary convolution with its neighbours, in training, as one operation:
 *
 *   x = PReLU(v),  y = binaryConv2d(batchNormSign(x), latent) + residual
 *
 * or with an attention, m being the mean over the positions of BatchNorm(x) (squeeze and excite, Hu et al. 2018),
 *
 *   y = gate · binaryConv2d(batchNormSign(x), latent) + residual,  gate[n, k] = σ(ReLU(m · squeeze) · excite)
 *
 * It equals that composition, value and gradients. x is never made: every kernel that reads it applies the PReLU on the
 * way, so that in a chain of blocks one map a block is written forward and one backward. A gate is applied to the
 * convolution's sums as they are made, and the gradient to m goes into that of the BatchNorm. Kept between forward and
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
  const { slope, affine, statistics, epsilon, latent, residual, attention } = operands;
  checkConvolution('binaryResidual', v, latent, geometry);
  checkResidual(v, operands, geometry);
  if (attention) checkAttention(v, latent, attention);
  const { gamma, beta } = affine;
  const sloped = slope ? { slope } : {};
  const weights = attention ? [attention.squeeze, attention.excite] : [];
  const inputs: Tensor[] = [
    ...[v, gamma, beta, latent],
    ...(slope ? [slope] : []),
    ...weights,
    ...(residual ? [residual] : []),
  ];
  return differentiable<Tensor4D>(inputs, () => {
    const { mean, variance } = statistics;
    const added = residual ? { residual } : {};
    const [value, signs, mask, filterSigns, scale, ...gateParts] = residualKernel(
      { v, ...sloped, gamma, beta, mean, variance, latent, ...added, ...attention },
      { ...geometry, epsilon },
    );
    const sloping = slope ? [slope] : [];
    return {
      value: value as Tensor4D,
      saved: [
        ...[v, gamma, mean, variance, mask, signs, latent, filterSigns, scale],
        ...[...sloping, ...weights, ...gateParts],
      ],
      gradients: (dy, [x, g, mu, sigma2, passes, s, w, ws, alpha, ...others]) => {
        const [a] = slope ? others : [];
        const [squeeze, excite, mapMean, hidden, gate] = others.slice(sloping.length);
        const gradients = residualGradKernel(
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
            ...(gate ? { squeeze, excite, mapMean, hidden, gate } : {}),
          },
          { ...geometry, epsilon, addsDy: !residual },
        );
        return residual ? [...gradients, dy] : gradients;
      },
    };
  });
}

/** What the forward kernel takes beside its inputs. */
export type ResidualAttributes = ConvGeometry & { readonly epsilon: number };

/**
 * y, the signs of BatchNorm(x) and their mask, the signs and scale of the latent weights; with a gate m, the hidden values
 * and the gate.
 */
const residualKernel = composedKernel<ResidualAttributes, Tensor[]>(
  'BinaryResidual',
  (
    { v, slope, gamma, beta, mean, variance, latent, residual, squeeze, excite },
    { epsilon, ...geometry },
  ) => {
    const sloped = slope ? { slope } : {};
    const norm = { x: v, ...sloped, gamma, beta, mean, variance };
    const [signs, mask] = normSignKernel(norm, { epsilon, withMask: true });
    const [filterSigns, scale] = binariseKernel({ w: latent }, {});
    const added = residual ? { residual } : { residual: v, ...sloped };
    const operands = { x: signs, sign: filterSigns, scale };
    if (!squeeze)
      return [binaryForward({ ...operands, ...added }, geometry), signs, mask, filterSigns, scale];
    const mapMean = meanOf(normalised(norm, epsilon), [0, 1]);
    const [hidden, gate] = squeezeExcite(mapMean, squeeze, excite);
    const gated = mul(binaryForward(operands, geometry), gate);
    const value = add(gated, residual ?? preluOf(v, slope));
    return [value, signs, mask, filterSigns, scale, mapMean, hidden, gate];
  },
);

/** What the kernel of the gradients takes beside its inputs. */
export type ResidualGradAttributes = ResidualAttributes & {
  /** Whether x itself was the residual. */
  readonly addsDy: boolean;
};

/** dv, dγ, dβ, the gradient to the latent weights, that to the slope where there is one, and those to a gate's weights. */
const residualGradKernel = composedKernel<ResidualGradAttributes, Tensor[]>(
  'BinaryResidualGrad',
  (inputs, { epsilon, addsDy, ...geometry }) => {
    const { dy, v, slope, gamma, mean, variance, mask, signs, latent, filterSigns, scale } = inputs;
    const [kh, kw] = latent.shape as [number, number];
    const [h, w] = v.shape as [number, number];
    const { gate } = inputs;
    const dz = gate ? mul(dy, gate) : dy;
    const dw = binaryBackwardFilter({ x: signs, dy: dz, scale, w: latent }, { ...geometry, size: [kh, kw] });
    const ds = binaryBackwardInput({ dy: dz, sign: filterSigns, scale }, { ...geometry, size: [h, w] });
    const norm = {
      ...{ x: v, mean, variance, gamma },
      ...(slope ? { slope } : {}),
      ...(addsDy ? { addend: dy } : {}),
    };
    const ofNorm = (upstream: KernelInputs): Tensor[] => {
      const [dv, dgamma, dbeta, dslope] = normGradKernel(
        { ...norm, ...upstream },
        { epsilon, inPlace: true },
      );
      return [dv, dgamma, dbeta, dw, ...(slope ? [dslope] : [])];
    };
    if (!gate) return ofNorm({ dy: ds, mask });
    const convolved = binaryForward({ x: signs, sign: filterSigns, scale }, geometry);
    const [dm, ...dweights] = squeezeExciteGradients(sum(mul(dy, convolved), [0, 1]), inputs);
    const passed = mul(ds, mul(add(mask, 1), 0.5));
    return [...ofNorm({ dy: add(passed, mul(dm, 1 / (h * w))) }), ...dweights];
  },
);

function checkAttention(v: Tensor4D, latent: Tensor4D, { squeeze, excite }: SqueezeExciteWeights): void {
  const [inputs, hidden] = squeeze.shape;
  const [from, outputs] = excite.shape;
  if (inputs !== v.shape[3] || from !== hidden || outputs !== latent.shape[3])
    throw new InputError(
      `binaryResidual: the attention must have the shapes [${v.shape[3]}, hidden] and [hidden, ${latent.shape[3]}], got [${squeeze.shape.join(', ')}] and [${excite.shape.join(', ')}].`,
    );
}

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
