import { add, mean as meanOf, mul, sum, Tensor, type Tensor1D, type Tensor4D } from '@tensorflow/tfjs-core';
import type { ResidualAttributes, ResidualGradAttributes } from '../backends/kernel-contracts/convolution.js';
import { InputError } from '../errors.js';
import { type AffineParameters, normalised, normGradKernel, normSignKernel } from './batch-norm.js';
import { type ChannelStatistics } from './channel-statistics.js';
import {
  filterSignsKernel,
  binaryBackwardFilter,
  binaryBackwardInput,
  binaryForward,
} from './binary-conv2d.js';
import { checkConvolution, type ConvGeometry, outputSizeOf } from './conv2d.js';
import { differentiable } from './differentiable.js';
import { composedKernel, type KernelInputs } from './kernel.js';
import { preluGradKernel, preluOf } from './prelu.js';
import { squeezeExcite, squeezeExciteGradients, type SqueezeExciteWeights } from './squeeze-excite.js';
import { shapeText } from './shape-text.js';

/** The operands of a {@link binaryResidual} beside its input. */
export interface BinaryResidualOperands {
  /** Slopes of the PReLU that the input goes through first, [C]; undefined if the input is x itself. */
  readonly slope: Tensor1D | undefined;
  /** γ and β of the BatchNorm before the sign, [C]. */
  readonly affine: AffineParameters;
  /** The statistics of x, as `channelStatistics` gives them. */
  readonly statistics: ChannelStatistics;
  readonly epsilon: number;
  /** Latent weights [kh, kw, C / groups, K]. */
  readonly latent: Tensor4D;
  /** What is added to the convolution, [H', W', N, K]; `none` for nothing, undefined for x itself. */
  readonly residual: Tensor4D | 'none' | undefined;
  /** Slopes of a PReLU before the residual is added, [K]; default none. */
  readonly sumSlope?: Tensor1D | undefined;
  /** Weights of a gate on the convolution; default none. */
  readonly attention?: SqueezeExciteWeights | undefined;
}

/**
 * A binary convolution with its neighbours, in training, as one operation:
 *
 *   x = PReLU(v),  y = binaryConv2d(batchNormSign(x), latent) + residual
 *
 * With an attention (squeeze and excite, Hu et al. 2018) the convolution is multiplied by a gate, m being the
 * mean over the positions of BatchNorm(x):
 *
 *   gate[n, k] = σ(ReLU(m · squeeze) · excite)
 *
 * With `sumSlope` the convolution goes through a PReLU, after its gate.
 *
 * Value and gradients equal those of the composition. x is never made: every kernel that reads it applies the
 * PReLU on the way, so that a chain of blocks writes one map for each block forward and one backward. Gate
 * and PReLU are applied to the convolution's sums as they are computed; their gradients compute the sums
 * again. Between forward and backward pass v is kept, and two bits for each of its elements: the sign and the
 * mask of the straight-through estimator. The gradient to v is written over that to the sign.
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
  const { slope, affine, statistics, epsilon, latent, residual, sumSlope, attention } = operands;
  checkConvolution('binaryResidual', v, latent, geometry);
  checkResidual(v, operands, geometry);
  if (attention) checkAttention(v, latent, attention);
  const { gamma, beta } = affine;
  const { mean, variance } = statistics;
  const added = residual instanceof Tensor ? { residual } : {};
  const learned = { ...(slope ? { slope } : {}), ...(sumSlope ? { sumSlope } : {}), ...weightsOf(attention) };
  const addsInput = residual === undefined;
  return differentiable<Tensor4D>(
    [v, gamma, beta, latent, ...Object.values(learned), ...Object.values(added)],
    () => {
      const [value, signs, mask, filterSigns, scale, ...ofGate] = residualKernel(
        { v, gamma, beta, mean, variance, latent, ...learned, ...added },
        { ...geometry, epsilon, addsInput },
      );
      const [mapMean, hidden, gate] = ofGate;
      const kept: KernelInputs = {
        ...{ v, gamma, mean, variance, latent, mask, signs, filterSigns, scale },
        ...learned,
        ...(attention ? { mapMean, hidden, gate } : {}),
      };
      const names = Object.keys(kept);
      return {
        value: value as Tensor4D,
        saved: Object.values(kept),
        gradients: (dy, saved) => {
          const inputs = Object.fromEntries(saved.map((tensor, i) => [names[i], tensor]));
          const gradients = residualGradKernel(
            { dy, ...inputs },
            { ...geometry, epsilon, addsDy: addsInput },
          );
          return added.residual ? [...gradients, dy] : gradients;
        },
      };
    },
  );
}

function weightsOf(attention: SqueezeExciteWeights | undefined): KernelInputs {
  return attention ? { squeeze: attention.squeeze, excite: attention.excite } : {};
}

/**
 * Outputs: y, the signs of BatchNorm(x) and their mask, the signs and scale of the latent weights; with a
 * gate also m, the hidden values and the gate.
 */
const residualKernel = composedKernel<ResidualAttributes, Tensor[]>(
  'BinaryResidual',
  (inputs, { epsilon, addsInput, ...geometry }) => {
    const { v, slope, gamma, beta, mean, variance, latent, residual, sumSlope, squeeze, excite } = inputs;
    const norm = { x: v, ...(slope ? { slope } : {}), gamma, beta, mean, variance };
    const [signs, mask] = normSignKernel(norm, { epsilon, withMask: true });
    const [filterSigns, scale] = filterSignsKernel({ w: latent }, {});
    const convolved = binaryForward({ x: signs, sign: filterSigns, scale }, geometry);
    const ofGate: Tensor[] = [];
    if (squeeze) {
      const mapMean = meanOf(normalised(norm, epsilon), [0, 1]);
      ofGate.push(mapMean, ...squeezeExcite(mapMean, squeeze, excite));
    }
    const own = preluOf(squeeze ? mul(convolved, ofGate[2]) : convolved, sumSlope);
    const added = addsInput ? preluOf(v, slope) : residual;
    return [added ? add(own, added) : own, signs, mask, filterSigns, scale, ...ofGate];
  },
);

/**
 * Outputs: dv, dγ, dβ and the gradient to the latent weights; then, as far as they are there, those to slope,
 * sumSlope and the weights of a gate.
 */
const residualGradKernel = composedKernel<ResidualGradAttributes, Tensor[]>(
  'BinaryResidualGrad',
  (inputs, { epsilon, addsDy, ...geometry }) => {
    const { dy, v, slope, gamma, mean, variance, mask, signs, latent, filterSigns, scale } = inputs;
    const [kh, kw] = latent.shape as [number, number];
    const [h, w] = v.shape as [number, number];
    const { gate, sumSlope } = inputs;
    const convolved =
      gate || sumSlope ? binaryForward({ x: signs, sign: filterSigns, scale }, geometry) : undefined;
    const ofPrelu = sumSlope
      ? preluGradKernel(
          { dy, v: gate ? mul(convolved!, gate) : convolved!, slope: sumSlope },
          { fromOutput: false, inPlace: false },
        )
      : [];
    const [dz = dy, ...dsumSlope] = ofPrelu;
    const gated = gate ? mul(dz, gate) : dz;
    const dw = binaryBackwardFilter(
      { x: signs, dy: gated, scale, w: latent },
      { ...geometry, size: [kh, kw] },
    );
    const ds = binaryBackwardInput({ dy: gated, sign: filterSigns, scale }, { ...geometry, size: [h, w] });
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
      return [dv, dgamma, dbeta, dw, ...(slope ? [dslope] : []), ...dsumSlope];
    };
    if (!gate) return ofNorm({ dy: ds, mask });
    const [dm, ...dweights] = squeezeExciteGradients(sum(mul(dz, convolved!), [0, 1]), inputs);
    const passed = mul(ds, mul(add(mask, 1), 0.5));
    return [...ofNorm({ dy: add(passed, mul(dm, 1 / (h * w))) }), ...dweights];
  },
);

function checkAttention(v: Tensor4D, latent: Tensor4D, { squeeze, excite }: SqueezeExciteWeights): void {
  const [inputs, hidden] = squeeze.shape;
  const [from, outputs] = excite.shape;
  if (inputs !== v.shape[3] || from !== hidden || outputs !== latent.shape[3])
    throw new InputError(
      `binaryResidual: the attention must have the shapes [${v.shape[3]}, hidden] and [hidden, ${latent.shape[3]}], got ${shapeText(squeeze)} and ${shapeText(excite)}.`,
    );
}

function checkResidual(
  v: Tensor4D,
  { latent, residual }: BinaryResidualOperands,
  geometry: ConvGeometry,
): void {
  if (residual === 'none') return;
  const wanted = [...outputSizeOf(v, latent, geometry), v.shape[2], latent.shape[3]];
  const { shape } = residual ?? v;
  if (shape.join() !== wanted.join()) {
    throw new InputError(
      `binaryResidual: the residual must have the shape [${wanted.join(', ')}], got ${shapeText({ shape })}.`,
    );
  }
}
