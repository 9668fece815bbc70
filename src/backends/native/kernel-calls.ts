// Written by `npm run docs:kernel-calls` from the structs of native/families/: change those, not this file.

/**
 * The geometry of a convolution with zero padding. Input [h, w, n, c], filter [kernelH * kernelW, c /
 * groups, k], output [outH, outW, n, k] with
 *   outH = ⌊(h + padTop + padBottom − kernelH) / strideH⌋ + 1, at least 0, and outW likewise.
 * The channels of input and output fall into `groups` equal parts in order, and an output channel sees the
 * input channels of its own part alone.
 */
export interface ConvShape {
  /** from 1 */
  readonly h: number;
  /** from 1 */
  readonly w: number;
  /** from 1 */
  readonly n: number;
  /** from 1 */
  readonly c: number;
  /** from 1 */
  readonly k: number;
  /** from 1 */
  readonly kernelH: number;
  /** from 1 */
  readonly kernelW: number;
  /** from 1 */
  readonly strideH: number;
  /** from 1 */
  readonly strideW: number;
  /** from 0 */
  readonly padTop: number;
  /** from 0 */
  readonly padBottom: number;
  /** from 0 */
  readonly padLeft: number;
  /** from 0 */
  readonly padRight: number;
  /** from 0 */
  readonly outH: number;
  /** from 0 */
  readonly outW: number;
  /** from 1 */
  readonly groups: number;
}

/**
 * y = x * w
 */
export interface FloatConvForward {
  readonly shape: ConvShape;
  /** [h, w, n, c] */
  readonly x: Float32Array;
  /** [kernelH, kernelW, c / groups, k] */
  readonly w: Float32Array;
  /** [outH, outW, n, k], written */
  readonly y: Float32Array;
}

/**
 * dx = dy * wᵀ, the gradient to the input
 */
export interface FloatConvBackwardInput {
  readonly shape: ConvShape;
  /** [outH, outW, n, k] */
  readonly dy: Float32Array;
  /** [kernelH, kernelW, c / groups, k] */
  readonly w: Float32Array;
  /** [h, w, n, c], written */
  readonly dx: Float32Array;
}

/**
 * dw = xᵀ * dy, the gradient to the filter
 */
export interface FloatConvBackwardFilter {
  readonly shape: ConvShape;
  /** [h, w, n, c] */
  readonly x: Float32Array;
  /** [outH, outW, n, k] */
  readonly dy: Float32Array;
  /** [kernelH, kernelW, c / groups, k], written */
  readonly dw: Float32Array;
}

/**
 * c = op(a) · op(b) for each of `batch` pairs of matrices: op(a) is m×k, op(b) is k×n, all row-major and
 * contiguous. A shared a or b is one matrix for the whole batch.
 */
export interface MatMul {
  /** from 0 */
  readonly batch: number;
  /** from 0 */
  readonly m: number;
  /** from 0 */
  readonly n: number;
  /** from 0 */
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly sharedA: boolean;
  readonly sharedB: boolean;
  /** [batch, m, k] */
  readonly a: Float32Array;
  /** [batch, k, n] */
  readonly b: Float32Array;
  /** [batch, m, n], written */
  readonly c: Float32Array;
}

/**
 * y = transform(Σ x·w) with x and w ±1 as packed bits: x rows [h, w, n] of c bits, w rows [tap, c] of k bits.
 * The sum is an exact integer; padding contributes 0.
 */
export interface BinaryConvForward {
  readonly shape: ConvShape;
  /** [h, w, n, ⌈c / 32⌉] */
  readonly x: Uint32Array;
  /** [kernelH, kernelW, c / groups, ⌈k / 32⌉] */
  readonly w: Uint32Array;
  /** [k] */
  readonly scale: Float32Array;
  /** [n, k] */
  readonly gate: Float32Array | null;
  /** [k] */
  readonly sumSlope: Float32Array | null;
  /** [outH, outW, n, k] */
  readonly residual: Float32Array | null;
  /** [k] */
  readonly residualSlope: Float32Array | null;
  /** [outH, outW, n, k], written */
  readonly y: Float32Array;
}

/**
 * dx = Σ (scale[k] · gate[n, k] · dy) · w with w ±1 as packed bits
 */
export interface BinaryConvBackwardInput {
  readonly shape: ConvShape;
  /** [outH, outW, n, k] */
  readonly dy: Float32Array;
  /** [kernelH, kernelW, c / groups, ⌈k / 32⌉] */
  readonly w: Uint32Array;
  /** [k] */
  readonly scale: Float32Array;
  /** [h, w, n, c], written */
  readonly dx: Float32Array;
  /** [n, k] */
  readonly gate: Float32Array | null;
}

/**
 * dw = scale[k] · Σ x · gate[n, k] · dy with x ±1 as packed bits, 0 where |latent| > 1 (the straight-through
 * estimator). `scale` and `latent` may be null together: then dw = Σ x · gate[n, k] · dy.
 */
export interface BinaryConvBackwardFilter {
  readonly shape: ConvShape;
  /** [h, w, n, ⌈c / 32⌉] */
  readonly x: Uint32Array;
  /** [outH, outW, n, k] */
  readonly dy: Float32Array;
  /** [k] */
  readonly scale: Float32Array | null;
  /** [kernelH, kernelW, c / groups, k] */
  readonly latent: Float32Array | null;
  /** [kernelH, kernelW, c / groups, k], written */
  readonly dw: Float32Array;
  /** [n, k] */
  readonly gate: Float32Array | null;
}

/**
 * The gradients to the gate and the slope of a BinaryConvForward with the same x, w and transform, which has
 * no residual here:
 *   dgate[n, k] = scale[k] · Σ dz · (Σ x·w) over the positions, dslope[k] = Σ dy · z where z ≤ 0
 *   dz = dy where z > 0, sumSlope[k] · dy elsewhere; without a sumSlope dz is dy and is not written
 * The sums Σ x·w are computed again, which costs less than keeping a map of them. Without a gate dgate is the
 * gradient to a gate of ones.
 */
export interface BinaryConvGateGradient {
  readonly shape: ConvShape;
  /** [h, w, n, ⌈c / 32⌉] */
  readonly x: Uint32Array;
  /** [kernelH, kernelW, c / groups, ⌈k / 32⌉] */
  readonly w: Uint32Array;
  /** [k] */
  readonly scale: Float32Array;
  /** [n, k] */
  readonly gate: Float32Array | null;
  /** [k] */
  readonly sumSlope: Float32Array | null;
  /** [outH, outW, n, k] */
  readonly dy: Float32Array;
  /** [n, k], written */
  readonly dgate: Float32Array;
  /** [outH, outW, n, k], written */
  readonly dz: Float32Array | null;
  /** [k], written */
  readonly dslope: Float32Array | null;
}

/**
 * y = Σ x·w with x ±1 as packed bits, rows [h, w, n] of c bits, and w in floats. Its gradients:
 * BinaryConvBackwardFilter without scale and latent, and FloatConvBackwardInput.
 */
export interface BinaryInputConvForward {
  readonly shape: ConvShape;
  /** [h, w, n, ⌈c / 32⌉] */
  readonly x: Uint32Array;
  /** [kernelH, kernelW, c / groups, k] */
  readonly w: Float32Array;
  /** [outH, outW, n, k], written */
  readonly y: Float32Array;
}

/**
 * y = scale[k] · Σ x·w with x in floats and w ±1 as packed bits, rows [tap, c] of k bits. Its gradients:
 * BinaryConvBackwardInput, and FloatConvBackwardFilter followed by StraightThroughFilter.
 */
export interface BinaryFilterConvForward {
  readonly shape: ConvShape;
  /** [h, w, n, c] */
  readonly x: Float32Array;
  /** [kernelH, kernelW, c / groups, ⌈k / 32⌉] */
  readonly w: Uint32Array;
  /** [k] */
  readonly scale: Float32Array;
  /** [outH, outW, n, k], written */
  readonly y: Float32Array;
}

/**
 * dw ← scale[k] · dw where |latent| ≤ 1, 0 elsewhere, w as [rows = taps · c, k]: the gradient to the latent
 * weights from that to scale · sign(latent)
 */
export interface StraightThroughFilter {
  /** from 0 */
  readonly rows: number;
  /** from 0 */
  readonly channels: number;
  /** [channels] */
  readonly scale: Float32Array;
  /** [rows, channels] */
  readonly latent: Float32Array;
  /** [rows, channels], read and written */
  readonly dw: Float32Array;
}

/**
 * scale[k] = mean over taps and inputs of |w[tap][c][k]|, w as [rows = taps · c, k]
 */
export interface MeanMagnitude {
  /** from 1 */
  readonly rows: number;
  /** from 1 */
  readonly channels: number;
  /** [rows, channels] */
  readonly w: Float32Array;
  /** [channels], written */
  readonly scale: Float32Array;
}

/**
 * mean and variance (biased) of each channel over all rows. The running ones (may be null together) are moved
 * towards them: running += momentum · (batch − running), of the variance its unbiased estimate.
 */
export interface BatchNormStatistics {
  /** from 1 */
  readonly rows: number;
  /** from 1 */
  readonly channels: number;
  /** [rows, channels] */
  readonly x: Float32Array;
  /** [channels] */
  readonly slope: Float32Array | null;
  /** [channels], written */
  readonly mean: Float32Array;
  /** [channels], written */
  readonly variance: Float32Array;
  readonly momentum: number;
  /** [channels], read and written */
  readonly runningMean: Float32Array | null;
  /** [channels], read and written */
  readonly runningVariance: Float32Array | null;
}

/**
 * The statistics of v = x · w from those of x: `rows` of x with `inputs` channels, products = xᵀ · x, mean
 * that of x, the filter w as [inputs, outputs].
 *   covered = (products / rows − mean · meanᵀ) · w, outputMean = wᵀ · mean, outputVarianceK = max(0, Σ_c
 *   wCk · coveredCk)
 * The running ones (may be null together) are moved towards them as BatchNormStatistics does.
 */
export interface ProjectedStatistics {
  /** from 1 */
  readonly rows: number;
  /** from 1 */
  readonly inputs: number;
  /** from 1 */
  readonly outputs: number;
  /** [inputs, inputs] */
  readonly products: Float32Array;
  /** [inputs] */
  readonly mean: Float32Array;
  /** [inputs, outputs] */
  readonly w: Float32Array;
  /** [inputs, outputs], written */
  readonly covered: Float32Array;
  /** [outputs], written */
  readonly outputMean: Float32Array;
  /** [outputs], written */
  readonly outputVariance: Float32Array;
  readonly momentum: number;
  /** [outputs], read and written */
  readonly runningMean: Float32Array | null;
  /** [outputs], read and written */
  readonly runningVariance: Float32Array | null;
}

/**
 * What the gradients of a BatchNorm on v = x · w need of x: products = pᵀ · dy with p, dy as they come to the
 * filter's gradient, dbeta = Σ dy, the rest as ProjectedStatistics gives it. With i = 1/√(outputVariance +
 * ε), s = γ · i:
 *   dγ_k = (Σ_c wCk · productsCk − outputMeanK · dβ_k) · iK,  t = s · dγ · i
 *   dw = s · (products − mean · dβᵀ) − t · covered,  pull = w · s (by column)
 *   tilt = −(w · t / rows) · wᵀ,  levelC = −(Σ_j meanJ · tiltJc + Σ_k sK · dβ_k / rows · wCk) ·
 *   positions
 */
export interface ProjectedGradients {
  /** from 1 */
  readonly rows: number;
  /** from 1 */
  readonly inputs: number;
  /** from 1 */
  readonly outputs: number;
  readonly epsilon: number;
  readonly positions: number;
  /** [inputs, outputs] */
  readonly products: Float32Array;
  /** [outputs] */
  readonly dbeta: Float32Array;
  /** [inputs] */
  readonly mean: Float32Array;
  /** [inputs, outputs] */
  readonly w: Float32Array;
  /** [outputs] */
  readonly gamma: Float32Array;
  /** [inputs, outputs] */
  readonly covered: Float32Array;
  /** [outputs] */
  readonly outputMean: Float32Array;
  /** [outputs] */
  readonly outputVariance: Float32Array;
  /** [inputs, outputs], written */
  readonly dw: Float32Array;
  /** [outputs], written */
  readonly dgamma: Float32Array;
  /** [inputs, outputs], written */
  readonly pull: Float32Array;
  /** [inputs, inputs], written */
  readonly tilt: Float32Array;
  /** [inputs], written */
  readonly level: Float32Array;
}

/**
 * y = x · scale + shift for each channel (normalisation with scale = γ/√(σ²+ε), shift = β − μ·scale)
 */
export interface ChannelAffine {
  /** from 0 */
  readonly rows: number;
  /** from 0 */
  readonly channels: number;
  /** [rows, channels] */
  readonly x: Float32Array;
  /** [channels] */
  readonly scale: Float32Array;
  /** [channels] */
  readonly shift: Float32Array;
  /** [rows, channels], written */
  readonly y: Float32Array;
}

/**
 * sign bits of v = x · scale + shift (1 where v ≥ 0), and a bit 1 where |v| ≤ 1, for the straight-through
 * gradient
 * (`mask` may be null). Packed rows: ceil(channels / 32) words, bit c % 32 of word c / 32, tail bits 0.
 */
export interface ChannelAffineSign {
  /** from 0 */
  readonly rows: number;
  /** from 0 */
  readonly channels: number;
  /** [rows, channels] */
  readonly x: Float32Array;
  /** [channels] */
  readonly slope: Float32Array | null;
  /** [channels] */
  readonly scale: Float32Array;
  /** [channels] */
  readonly shift: Float32Array;
  /** [rows, ⌈channels / 32⌉], written */
  readonly sign: Uint32Array;
  /** [rows, ⌈channels / 32⌉], written */
  readonly mask: Uint32Array | null;
}

/**
 * y = v clamped to [−1, 1], v = x · scale + shift, and a bit 1 where |v| ≤ 1 (`mask` may be null), packed as
 * above
 */
export interface ChannelAffineClamp {
  /** from 0 */
  readonly rows: number;
  /** from 0 */
  readonly channels: number;
  /** [rows, channels] */
  readonly x: Float32Array;
  /** [channels] */
  readonly scale: Float32Array;
  /** [channels] */
  readonly shift: Float32Array;
  /** [rows, channels], written */
  readonly y: Float32Array;
  /** [rows, ⌈channels / 32⌉], written */
  readonly mask: Uint32Array | null;
}

/**
 * y = f(v), v = x · scale + shift + residual (residual may be null), and a bit 1 where v is inside (`mask`
 * may be null), packed as above
 */
export interface ChannelAffineActivation {
  /** from 0 */
  readonly rows: number;
  /** from 0 */
  readonly channels: number;
  readonly activation: 'relu' | 'leakyClip' | 'hardClamp';
  /** [rows, channels] */
  readonly x: Float32Array;
  /** [channels] */
  readonly scale: Float32Array;
  /** [channels] */
  readonly shift: Float32Array;
  /** [rows, channels] */
  readonly residual: Float32Array | null;
  /** [rows, channels], written */
  readonly y: Float32Array;
  /** [rows, ⌈channels / 32⌉], written */
  readonly mask: Uint32Array | null;
}

/**
 * Training gradient of y = γ·x̂ + β, x̂ = (x − mean)·inverseDeviation, over all rows m:
 *   dβ = Σ dy, dγ = Σ dy·x̂, dx = γ·inverseDeviation·(dy − dβ/m − x̂·dγ/m)
 * With `mask` (packed bits, may be null) dy counts only where its bit is 1, elsewhere `outer` times it;
 * `upstream` (may be null) gets dy as it counts. dx may be dy, or upstream may, but not both. With
 * `imageDy` [images, channels] (may be null) each row of dy, as it counts, gets that of its image
 * added, row r being of image r mod `images`. With `addend` (may be null) dx gets addend added to it.
 * With `slope` the gradient goes on through the PReLU: dx is slope·dx where x ≤ 0, and dslope = Σ dx·x there,
 * of dx before that.
 */
export interface BatchNormBackward {
  /** from 1 */
  readonly rows: number;
  /** from 1 */
  readonly channels: number;
  /** [rows, channels] */
  readonly dy: Float32Array;
  /** [rows, channels] */
  readonly x: Float32Array;
  /** [channels] */
  readonly slope: Float32Array | null;
  /** [rows, ⌈channels / 32⌉] */
  readonly mask: Uint32Array | null;
  readonly outer: number;
  /** [rows, channels] */
  readonly addend: Float32Array | null;
  /** [channels] */
  readonly mean: Float32Array;
  /** [channels] */
  readonly inverseDeviation: Float32Array;
  /** [channels] */
  readonly gamma: Float32Array;
  /** [rows, channels], written, may be dy */
  readonly upstream: Float32Array | null;
  /** [rows, channels], written, may be dy */
  readonly dx: Float32Array;
  /** [channels], written */
  readonly dgamma: Float32Array;
  /** [channels], written */
  readonly dbeta: Float32Array;
  /** [channels], written */
  readonly dslope: Float32Array | null;
  /** from 0 */
  readonly images: number;
  /** [images, channels] */
  readonly imageDy: Float32Array | null;
}

/**
 * v = x + residual (residual may be null), y = v where v > 0, slope·v elsewhere (slope per channel). y may be
 * x.
 */
export interface AddPrelu {
  /** from 0 */
  readonly rows: number;
  /** from 0 */
  readonly channels: number;
  /** [rows, channels] */
  readonly x: Float32Array;
  /** [rows, channels] */
  readonly residual: Float32Array | null;
  /** [channels] */
  readonly slope: Float32Array;
  /** [rows, channels], written, may be x */
  readonly y: Float32Array;
}

/**
 * Gradient of y = prelu(v): dv = dy where v > 0, slope·dy elsewhere; dslope = Σ dy·v where v ≤ 0, over the
 * rows. v = x + residual (residual may be null). dv may be dy.
 */
export interface PreluBackward {
  /** from 1 */
  readonly rows: number;
  /** from 1 */
  readonly channels: number;
  /** [rows, channels] */
  readonly dy: Float32Array;
  /** [rows, channels] */
  readonly x: Float32Array;
  /** [rows, channels] */
  readonly residual: Float32Array | null;
  /** [channels] */
  readonly slope: Float32Array;
  /** [rows, channels], written, may be dy */
  readonly dv: Float32Array;
  /** [channels], written */
  readonly dslope: Float32Array;
}

/**
 * Gradient through a mask of packed bits: m = dy where its bit is 1, 0 elsewhere; dx = m + addend (addend may
 * be null), and the sum of m over the rows. dx may be dy or addend.
 */
export interface MaskedGradient {
  /** from 1 */
  readonly rows: number;
  /** from 1 */
  readonly channels: number;
  /** [rows, channels] */
  readonly dy: Float32Array;
  /** [rows, ⌈channels / 32⌉] */
  readonly mask: Uint32Array;
  /** [rows, channels] */
  readonly addend: Float32Array | null;
  /** [rows, channels], written, may be dy or addend */
  readonly dx: Float32Array;
  /** [channels], written */
  readonly sum: Float32Array;
}

/**
 * Gradient of y = x · scale for each channel: dx = dy · scale, dscale = Σ dy · x over the rows. dx may be dy.
 */
export interface ChannelScaleBackward {
  /** from 1 */
  readonly rows: number;
  /** from 1 */
  readonly channels: number;
  /** [rows, channels] */
  readonly dy: Float32Array;
  /** [rows, channels] */
  readonly x: Float32Array;
  /** [channels] */
  readonly scale: Float32Array;
  /** [rows, channels], written, may be dy */
  readonly dx: Float32Array;
  /** [channels], written */
  readonly dscale: Float32Array;
}

/**
 * The end of a block: v = x · scale + shift + residual (residual may be null), y = prelu(v + before) + after,
 * all but x, residual and y one a channel; before, slope and after may be null together, then y = v. y may be
 * x or residual.
 */
export interface ChannelAffineResidual {
  /** from 0 */
  readonly rows: number;
  /** from 0 */
  readonly channels: number;
  /** [rows, channels] */
  readonly x: Float32Array;
  /** [channels] */
  readonly scale: Float32Array;
  /** [channels] */
  readonly shift: Float32Array;
  /** [rows, channels] */
  readonly residual: Float32Array | null;
  /** [channels] */
  readonly before: Float32Array | null;
  /** [channels] */
  readonly slope: Float32Array | null;
  /** [channels] */
  readonly after: Float32Array | null;
  /** [rows, channels], written, may be x or residual */
  readonly y: Float32Array;
}

/**
 * Training gradient of ChannelAffineResidual with a PReLU, of which scale and shift are those of a BatchNorm
 * as BatchNormBackward has it. With u = v + before:
 *   upstream = dy where u > 0, slope · dy elsewhere: the gradient to v, and so to the residual
 *   dslope = Σ dy · u where u ≤ 0, dafter = Σ dy, dx, dγ and dβ those of BatchNormBackward for upstream; dβ
 *   is that of before too
 * upstream may be dy or dx; dx may be dy.
 */
export interface BatchNormResidualBackward {
  /** from 1 */
  readonly rows: number;
  /** from 1 */
  readonly channels: number;
  /** [rows, channels] */
  readonly dy: Float32Array;
  /** [rows, channels] */
  readonly x: Float32Array;
  /** [channels] */
  readonly scale: Float32Array;
  /** [channels] */
  readonly shift: Float32Array;
  /** [rows, channels] */
  readonly residual: Float32Array | null;
  /** [channels] */
  readonly before: Float32Array;
  /** [channels] */
  readonly slope: Float32Array;
  /** [channels] */
  readonly mean: Float32Array;
  /** [channels] */
  readonly inverseDeviation: Float32Array;
  /** [channels] */
  readonly gamma: Float32Array;
  /** [rows, channels], written, may be dy or dx */
  readonly upstream: Float32Array;
  /** [rows, channels], written, may be dy */
  readonly dx: Float32Array;
  /** [channels], written */
  readonly dgamma: Float32Array;
  /** [channels], written */
  readonly dbeta: Float32Array;
  /** [channels], written */
  readonly dslope: Float32Array;
  /** [channels], written */
  readonly dafter: Float32Array;
}

/**
 * Gradients of y = prelu(x + before) + after: dx = dy where v = x + before > 0, slope · dy elsewhere; dbefore
 * = Σ dx, dslope = Σ dy · v where v ≤ 0, dafter = Σ dy. dx may be dy.
 */
export interface ShiftedPreluBackward {
  /** from 1 */
  readonly rows: number;
  /** from 1 */
  readonly channels: number;
  /** [rows, channels] */
  readonly dy: Float32Array;
  /** [rows, channels] */
  readonly x: Float32Array;
  /** [channels] */
  readonly before: Float32Array;
  /** [channels] */
  readonly slope: Float32Array;
  /** [rows, channels], written, may be dy */
  readonly dx: Float32Array;
  /** [channels], written */
  readonly dbefore: Float32Array;
  /** [channels], written */
  readonly dslope: Float32Array;
  /** [channels], written */
  readonly dafter: Float32Array;
}

/**
 * sign bits of each row of floats (1 where x ≥ 0), and (mask may be null) a bit 1 where |x| ≤ 1
 */
export interface PackSigns {
  /** from 0 */
  readonly rows: number;
  /** from 0 */
  readonly channels: number;
  /** [rows, channels] */
  readonly x: Float32Array;
  /** [rows, ⌈channels / 32⌉], written */
  readonly sign: Uint32Array;
  /** [rows, ⌈channels / 32⌉], written */
  readonly mask: Uint32Array | null;
}

/**
 * ±1 floats of packed rows
 */
export interface UnpackSigns {
  /** from 0 */
  readonly rows: number;
  /** from 0 */
  readonly channels: number;
  /** [rows, ⌈channels / 32⌉] */
  readonly sign: Uint32Array;
  /** [rows, channels], written */
  readonly y: Float32Array;
}

/**
 * Pooling windows over position-major tensors; the shape's c is the number of channels (k is ignored).
 * Average: y = Σ x / divisor; divisor = window size when countPadding, else the number of valid positions.
 */
export interface AveragePool {
  readonly shape: ConvShape;
  readonly countPadding: boolean;
  /** [h, w, n, c] */
  readonly x: Float32Array;
  /** [outH, outW, n, c], written */
  readonly y: Float32Array;
}

/**
 * With `addend` (may be null, may be dx) dx gets it added.
 */
export interface AveragePoolBackward {
  readonly shape: ConvShape;
  readonly countPadding: boolean;
  /** [outH, outW, n, c] */
  readonly dy: Float32Array;
  /** [h, w, n, c] */
  readonly addend: Float32Array | null;
  /** [h, w, n, c], written, may be addend */
  readonly dx: Float32Array;
}

/**

 */
export interface MaxPool {
  readonly shape: ConvShape;
  /** [h, w, n, c] */
  readonly x: Float32Array;
  /** [outH, outW, n, c], written */
  readonly y: Float32Array;
}

/**
 * The gradient goes to the first position (in row order) that holds the maximum.
 */
export interface MaxPoolBackward {
  readonly shape: ConvShape;
  /** [outH, outW, n, c] */
  readonly dy: Float32Array;
  /** [h, w, n, c] */
  readonly x: Float32Array;
  /** [outH, outW, n, c] */
  readonly y: Float32Array;
  /** [h, w, n, c], written */
  readonly dx: Float32Array;
}

/**
 * The mean over positions of [positions, inner]: y[i] = Σ_p x[p, i] / positions. With a `slope` (may be
 * null), one for each of `channels` of which inner is a multiple, that of prelu(x).
 */
export interface PositionMean {
  /** from 1 */
  readonly positions: number;
  /** from 0 */
  readonly inner: number;
  /** [positions, inner] */
  readonly x: Float32Array;
  /** [inner], written */
  readonly y: Float32Array;
  /** from 1 */
  readonly channels: number;
  /** [channels] */
  readonly slope: Float32Array | null;
}

/**
 * dx[p, i] = dy[i] / positions
 */
export interface PositionMeanBackward {
  /** from 1 */
  readonly positions: number;
  /** from 0 */
  readonly inner: number;
  /** [inner] */
  readonly dy: Float32Array;
  /** [positions, inner], written */
  readonly dx: Float32Array;
}

/**
 * [outer, middle, inner] → [middle, outer, inner]; NHWC ↔ position-major with outer = N (or H·W), middle =
 * H·W (or N).
 */
export interface SwapOuter {
  /** from 0 */
  readonly outer: number;
  /** from 0 */
  readonly middle: number;
  /** from 0 */
  readonly inner: number;
  /** [outer, middle, inner] */
  readonly x: Float32Array;
  /** [middle, outer, inner], written */
  readonly y: Float32Array;
}

/**
 * y = x · √(size / Σ x²) for each sample of size = pixels · channels floats, as [pixels, channels]; zeros
 * stay zeros. x is [samples, channels, pixels] where channelsFirst, else [samples, pixels, channels].
 */
export interface UnitMaps {
  /** from 0 */
  readonly samples: number;
  /** from 0 */
  readonly pixels: number;
  /** from 0 */
  readonly channels: number;
  readonly channelsFirst: boolean;
  /** [samples, pixels, channels] */
  readonly x: Float32Array;
  /** [samples, pixels, channels], written */
  readonly y: Float32Array;
}

/**
 * Poolings of v = x · scale + shift (null together: v = x) over its positions and over its channels, in one
 * pass:
 *   mean[n, c] = mean over p of x, place[n, c] = the first p at which v is greatest, greatest[n, c] = x
 *   there; ofChannels[p, n] = (max over c of v, mean over c of v), channel[p, n] = the first c of that
 *   maximum.
 * Places are whole numbers as floats. ofChannels and channel may be null together. NaN is
 * never greatest.
 */
export interface MapPools {
  /** from 1 */
  readonly positions: number;
  /** from 1 */
  readonly images: number;
  /** from 1 */
  readonly channels: number;
  /** [positions, images, channels] */
  readonly x: Float32Array;
  /** [channels] */
  readonly scale: Float32Array | null;
  /** [channels] */
  readonly shift: Float32Array | null;
  /** [images, channels], written */
  readonly mean: Float32Array;
  /** [images, channels], written */
  readonly greatest: Float32Array;
  /** [images, channels], written */
  readonly place: Float32Array;
  /** [positions, images, 2], written */
  readonly ofChannels: Float32Array | null;
  /** [positions, images], written */
  readonly channel: Float32Array | null;
}

/**
 * The gradient of MapPools to x where v is the BatchNorm of x, x̂ = (x − mu)·inverseDeviation, v = γ·x̂ + β
 * with the statistics of the batch, m = positions · images rows; mu, inverseDeviation, gamma, dgamma and
 * dbeta may be null together: v = x. With
 *   dv[p, n, c] = dmean[n, c]/positions + [p = place] dgreatest[n, c] + dOfChannels[p, n, 1]/channels
 *                 + [c = channel] dOfChannels[p, n, 0]
 * (dOfChannels and channel may be null together; mean and greatest are those of x, dmean and dgreatest come
 * to those of v):
 *   dβ = Σ dv, dγ = Σ dv·x̂, dx = γ·inverseDeviation·(dv − dβ/m − x̂·dγ/m)
 */
export interface MapPoolsBackward {
  /** from 1 */
  readonly positions: number;
  /** from 1 */
  readonly images: number;
  /** from 1 */
  readonly channels: number;
  /** [positions, images, channels] */
  readonly x: Float32Array;
  /** [channels] */
  readonly mu: Float32Array | null;
  /** [channels] */
  readonly inverseDeviation: Float32Array | null;
  /** [channels] */
  readonly gamma: Float32Array | null;
  /** [images, channels] */
  readonly mean: Float32Array;
  /** [images, channels] */
  readonly greatest: Float32Array;
  /** [images, channels], whole numbers below positions */
  readonly place: Float32Array;
  /** [images, channels] */
  readonly dmean: Float32Array;
  /** [images, channels] */
  readonly dgreatest: Float32Array;
  /** [positions, images], whole numbers below channels */
  readonly channel: Float32Array | null;
  /** [positions, images, 2] */
  readonly dOfChannels: Float32Array | null;
  /** [positions, images, channels], written */
  readonly dx: Float32Array;
  /** [channels], written */
  readonly dgamma: Float32Array | null;
  /** [channels], written */
  readonly dbeta: Float32Array | null;
}

/**
 * What a 1×1 convolution to few outputs makes of v = x · scale + shift (null together: v = x), and the means
 * over the positions, in one pass:
 *   mean[n, c] = mean over p of x, y[p, n, k] = Σ_c v[p, n, c] · filter[c, k]
 */
export interface MapProjection {
  /** from 1 */
  readonly positions: number;
  /** from 1 */
  readonly images: number;
  /** from 1 */
  readonly channels: number;
  /** from 1 */
  readonly outputs: number;
  /** [positions, images, channels] */
  readonly x: Float32Array;
  /** [channels] */
  readonly scale: Float32Array | null;
  /** [channels] */
  readonly shift: Float32Array | null;
  /** [channels, outputs] */
  readonly filter: Float32Array;
  /** [images, channels], written */
  readonly mean: Float32Array;
  /** [positions, images, outputs], written */
  readonly y: Float32Array;
}

/**
 * The gradient of MapProjection, with a BatchNorm or without as that of MapPools:
 *   dv[p, n, c] = dmean[n, c]/positions + Σ_k dy[p, n, k] · filter[c, k], dfilter = vᵀ · dy
 * beta, which v has, is there with gamma.
 */
export interface MapProjectionBackward {
  /** from 1 */
  readonly positions: number;
  /** from 1 */
  readonly images: number;
  /** from 1 */
  readonly channels: number;
  /** from 1 */
  readonly outputs: number;
  /** [positions, images, channels] */
  readonly x: Float32Array;
  /** [channels] */
  readonly mu: Float32Array | null;
  /** [channels] */
  readonly inverseDeviation: Float32Array | null;
  /** [channels] */
  readonly gamma: Float32Array | null;
  /** [channels] */
  readonly beta: Float32Array | null;
  /** [channels, outputs] */
  readonly filter: Float32Array;
  /** [images, channels] */
  readonly mean: Float32Array;
  /** [images, channels] */
  readonly dmean: Float32Array;
  /** [positions, images, outputs] */
  readonly dy: Float32Array;
  /** [positions, images, channels], written */
  readonly dx: Float32Array;
  /** [channels, outputs], written */
  readonly dfilter: Float32Array;
  /** [channels], written */
  readonly dgamma: Float32Array | null;
  /** [channels], written */
  readonly dbeta: Float32Array | null;
}

/**
 * y[p, n, c] = x[p, n, c] · A, A of ofPositions[p, n] and ofChannels[n, c]
 */
export interface FactoredGate {
  /** from 1 */
  readonly positions: number;
  /** from 1 */
  readonly images: number;
  /** from 1 */
  readonly channels: number;
  readonly form: 'product' | 'excitation';
  /** [positions, images, channels] */
  readonly x: Float32Array;
  /** [positions, images] */
  readonly ofPositions: Float32Array;
  /** [images, channels] */
  readonly ofChannels: Float32Array;
  /** [positions, images, channels], written */
  readonly y: Float32Array;
}

/**
 * dx = dy · A and, with g = dy · x · dA/d(p·c): dOfPositions = Σ_c g · ofChannels, dOfChannels = Σ_p g ·
 * ofPositions. dx may be dy.
 */
export interface FactoredGateBackward {
  /** from 1 */
  readonly positions: number;
  /** from 1 */
  readonly images: number;
  /** from 1 */
  readonly channels: number;
  readonly form: 'product' | 'excitation';
  /** [positions, images, channels] */
  readonly dy: Float32Array;
  /** [positions, images, channels] */
  readonly x: Float32Array;
  /** [positions, images] */
  readonly ofPositions: Float32Array;
  /** [images, channels] */
  readonly ofChannels: Float32Array;
  /** [positions, images, channels], written, may be dy */
  readonly dx: Float32Array;
  /** [positions, images], written */
  readonly dOfPositions: Float32Array;
  /** [images, channels], written */
  readonly dOfChannels: Float32Array;
}

/**
 * The gate of a decorated convolution, from the mean a and the maximum b of each channel of a image, pools
 * = [a; b]:
 *   s = softmax(a) over the channels, u = tanh(w₀·a·s + b₀), v = tanh(w₁·b·s + b₁), y = 1 + tanh(w₂·v·u + b₂)
 * with weights and biases [3, channels].
 */
export interface DecoratorGate {
  /** from 1 */
  readonly images: number;
  /** from 1 */
  readonly channels: number;
  /** [2, images, channels] */
  readonly pools: Float32Array;
  /** [3, channels] */
  readonly weights: Float32Array;
  /** [3, channels] */
  readonly biases: Float32Array;
  /** [images, channels], written */
  readonly y: Float32Array;
}

/**

 */
export interface DecoratorGateBackward {
  /** from 1 */
  readonly images: number;
  /** from 1 */
  readonly channels: number;
  /** [images, channels] */
  readonly dy: Float32Array;
  /** [2, images, channels] */
  readonly pools: Float32Array;
  /** [3, channels] */
  readonly weights: Float32Array;
  /** [3, channels] */
  readonly biases: Float32Array;
  /** [2, images, channels], written */
  readonly dpools: Float32Array;
  /** [3, channels], written */
  readonly dweights: Float32Array;
  /** [3, channels], written */
  readonly dbiases: Float32Array;
}

/**
 * A convolution of few channels that keeps the size: a square window of odd side whose taps are `dilation`
 * apart,
 *   y[p, n, k] = Σ_{tap, c} x[p + dilation·(tap − middle), n, c] · filter[tap, c, k]
 * with filter [window, window, inputs, outputs]. Where `transposed` it is [window, window, outputs, inputs]
 * and turned by half a circle: then x is the gradient to the output of a convolution and y that to its input.
 */
export interface DilatedConv {
  /** from 1 */
  readonly height: number;
  /** from 1 */
  readonly width: number;
  /** from 1 */
  readonly images: number;
  /** from 1 */
  readonly inputs: number;
  /** from 1 */
  readonly outputs: number;
  /** from 1 */
  readonly window: number;
  /** from 1 */
  readonly dilation: number;
  readonly transposed: boolean;
  /** [height, width, images, inputs] */
  readonly x: Float32Array;
  /** [window, window, inputs, outputs] */
  readonly filter: Float32Array;
  /** [height, width, images, outputs], written */
  readonly y: Float32Array;
}

/**
 * dfilter[tap, c, k] = Σ_{p, n} x[p + dilation·(tap − middle), n, c] · dy[p, n, k]
 */
export interface DilatedConvBackwardFilter {
  /** from 1 */
  readonly height: number;
  /** from 1 */
  readonly width: number;
  /** from 1 */
  readonly images: number;
  /** from 1 */
  readonly inputs: number;
  /** from 1 */
  readonly outputs: number;
  /** from 1 */
  readonly window: number;
  /** from 1 */
  readonly dilation: number;
  /** [height, width, images, inputs] */
  readonly x: Float32Array;
  /** [height, width, images, outputs] */
  readonly dy: Float32Array;
  /** [window, window, inputs, outputs], written */
  readonly dfilter: Float32Array;
}

/**
 * out = x ∘ y, element by element. With `yPeriod` 0 both have `size` elements; otherwise y repeats every
 * yPeriod elements (a row of channels, or 1 for a scalar). out may be x.
 */
export interface Elementwise {
  readonly operation: 'add' | 'subtract' | 'multiply' | 'divide' | 'maximum' | 'minimum';
  /** from 0 */
  readonly size: number;
  /** from 0 */
  readonly yPeriod: number;
  /** [size] */
  readonly x: Float32Array;
  /** [yPeriod] */
  readonly y: Float32Array;
  /** [size], written, may be x */
  readonly out: Float32Array;
}

/**
 * Softmax, or its logarithm, of each row; finite for any finite logits. y may be x.
 */
export interface Softmax {
  /** from 0 */
  readonly rows: number;
  /** from 0 */
  readonly classes: number;
  readonly logarithm: boolean;
  /** [rows, classes] */
  readonly x: Float32Array;
  /** [rows, classes], written, may be x */
  readonly y: Float32Array;
}

/**

 */
export interface UnitDistance {
  /** from 0 */
  readonly rows: number;
  /** from 0 */
  readonly size: number;
  /** [rows, size] */
  readonly a: Float32Array;
  /** [rows, size] */
  readonly b: Float32Array;
  /** [rows], written */
  readonly value: Float32Array;
  /** [rows, 4], written */
  readonly statistics: Float32Array;
}

/**
 * da = dy · (2/‖a‖) · (d − u·(u·d)), dy one float a row, `statistics` those of UnitDistance
 */
export interface UnitDistanceBackward {
  /** from 0 */
  readonly rows: number;
  /** from 0 */
  readonly size: number;
  /** [rows] */
  readonly dy: Float32Array;
  /** [rows, size] */
  readonly a: Float32Array;
  /** [rows, size] */
  readonly b: Float32Array;
  /** [rows, 4] */
  readonly statistics: Float32Array;
  /** [rows, size], written */
  readonly da: Float32Array;
}

/**
 * Adam (Kingma and Ba 2015) in one pass: g += weightDecay·w; m = β₁m + (1 − β₁)g; v = β₂v + (1 − β₂)g²;
 * w −= lr · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε); then w clipped to [−clip, clip] when clip > 0.
 */
export interface AdamStep {
  /** from 0 */
  readonly size: number;
  /** from 1 */
  readonly step: number;
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly clip: number;
  /** [size] */
  readonly gradient: Float32Array;
  /** [size], read and written */
  readonly w: Float32Array;
  /** [size], read and written */
  readonly m: Float32Array;
  /** [size], read and written */
  readonly v: Float32Array;
}

/**
 * out = dy · slope(v), the slope of a sign's stand-in: with t = 0 that of the piecewise quadratic, 2 − 2|v|
 * where |v| ≤ 1 and 0 elsewhere (whatever dy is there); with t > 0 that of a scaled tanh, max(1, t)·(1 −
 * tanh²(t·v)). out may be dy.
 */
export interface SignSlope {
  /** from 0 */
  readonly size: number;
  readonly t: number;
  /** [size] */
  readonly dy: Float32Array;
  /** [size] */
  readonly v: Float32Array;
  /** [size], written, may be dy */
  readonly out: Float32Array;
}

/**
 * y = σ(x) = 1 / (1 + e⁻ˣ)
 */
export interface Sigmoid {
  /** from 0 */
  readonly size: number;
  /** [size] */
  readonly x: Float32Array;
  /** [size], written */
  readonly y: Float32Array;
}

/**
 * dx = dy · y · (1 − y), y = σ(x). dx may be dy.
 */
export interface SigmoidBackward {
  /** from 0 */
  readonly size: number;
  /** [size] */
  readonly dy: Float32Array;
  /** [size] */
  readonly y: Float32Array;
  /** [size], written, may be dy */
  readonly dx: Float32Array;
}

/**
 * y = x in float16 (IEEE 754 binary16), rounded to the nearest, ties to even; what is too large becomes
 * infinite, NaN stays NaN. On the calling thread.
 */
export interface NarrowToHalf {
  /** from 0 */
  readonly size: number;
  /** [size] */
  readonly x: Float32Array;
  /** [size], written */
  readonly y: Uint16Array;
}

/**
 * y = x in float32, exactly; x in float16. On the calling thread.
 */
export interface WidenHalf {
  /** from 0 */
  readonly size: number;
  /** [size] */
  readonly x: Uint16Array;
  /** [size], written */
  readonly y: Float32Array;
}

/**
 * The training forward pass of y = binaryConv(sign(BatchNorm(x)), latent) + residual, x = prelu(v) with a
 * slope: ChannelAffineSign, PackSigns and MeanMagnitude of latent, BinaryConvForward. Without a residual x
 * itself is added where `addsInput` says so, else nothing. A `sumSlope` (may be null) is that of
 * BinaryConvForward. With `hidden` > 0 the convolution is gated by squeeze and excite of m, the mean over the
 * positions of BatchNorm(x):
 *   gate = σ(hiddenValues · excite), hiddenValues = ReLU(m · squeeze)
 */
export interface BinaryResidualForward {
  readonly shape: ConvShape;
  readonly epsilon: number;
  readonly addsInput: boolean;
  /** [h, w, n, c] */
  readonly v: Float32Array;
  /** [c] */
  readonly slope: Float32Array | null;
  /** [k] */
  readonly sumSlope: Float32Array | null;
  /** [c] */
  readonly gamma: Float32Array;
  /** [c] */
  readonly beta: Float32Array;
  /** [c] */
  readonly mean: Float32Array;
  /** [c] */
  readonly variance: Float32Array;
  /** [kernelH, kernelW, c / groups, k] */
  readonly latent: Float32Array;
  /** [outH, outW, n, k] */
  readonly residual: Float32Array | null;
  /** [h, w, n, ⌈c / 32⌉], written */
  readonly sign: Uint32Array;
  /** [h, w, n, ⌈c / 32⌉], written */
  readonly mask: Uint32Array;
  /** [kernelH, kernelW, c / groups, ⌈k / 32⌉], written */
  readonly filterSign: Uint32Array;
  /** [k], written */
  readonly scale: Float32Array;
  /** [outH, outW, n, k], written */
  readonly y: Float32Array;
  /** from 0 */
  readonly hidden: number;
  /** [c, hidden] */
  readonly squeeze: Float32Array | null;
  /** [hidden, k] */
  readonly excite: Float32Array | null;
  /** [n, c], written */
  readonly mapMean: Float32Array | null;
  /** [n, hidden], written */
  readonly hiddenValues: Float32Array | null;
  /** [n, k], written */
  readonly gate: Float32Array | null;
}

/**
 * Its gradients: BinaryConvBackwardFilter, BinaryConvBackwardInput, BatchNormBackward with the mask. dv gets
 * dy added where x itself was the residual. A gate and a sumSlope come with BinaryConvGateGradient, and m's
 * gradient goes into that of the BatchNorm.
 */
export interface BinaryResidualBackward {
  readonly shape: ConvShape;
  readonly epsilon: number;
  readonly addsDy: boolean;
  /** [outH, outW, n, k] */
  readonly dy: Float32Array;
  /** [h, w, n, c] */
  readonly v: Float32Array;
  /** [c] */
  readonly slope: Float32Array | null;
  /** [k] */
  readonly sumSlope: Float32Array | null;
  /** [c] */
  readonly gamma: Float32Array;
  /** [c] */
  readonly mean: Float32Array;
  /** [c] */
  readonly variance: Float32Array;
  /** [kernelH, kernelW, c / groups, k] */
  readonly latent: Float32Array;
  /** [k] */
  readonly scale: Float32Array;
  /** [h, w, n, ⌈c / 32⌉] */
  readonly sign: Uint32Array;
  /** [h, w, n, ⌈c / 32⌉] */
  readonly mask: Uint32Array;
  /** [kernelH, kernelW, c / groups, ⌈k / 32⌉] */
  readonly filterSign: Uint32Array;
  /** [h, w, n, c], written */
  readonly dv: Float32Array;
  /** [c], written */
  readonly dgamma: Float32Array;
  /** [c], written */
  readonly dbeta: Float32Array;
  /** [c], written */
  readonly dslope: Float32Array | null;
  /** [k], written */
  readonly dsumSlope: Float32Array | null;
  /** [outH, outW, n, k], written */
  readonly dz: Float32Array | null;
  /** [kernelH, kernelW, c / groups, k], written */
  readonly dw: Float32Array;
  /** from 0 */
  readonly hidden: number;
  /** [c, hidden] */
  readonly squeeze: Float32Array | null;
  /** [hidden, k] */
  readonly excite: Float32Array | null;
  /** [n, c] */
  readonly mapMean: Float32Array | null;
  /** [n, hidden] */
  readonly hiddenValues: Float32Array | null;
  /** [n, k] */
  readonly gate: Float32Array | null;
  /** [c, hidden], written */
  readonly dsqueeze: Float32Array | null;
  /** [hidden, k], written */
  readonly dexcite: Float32Array | null;
}

/** The kernels of the addon. Each checks all of its fields and throws a TypeError that names a wrong one. */
export interface KernelFunctions {
  readonly floatConvForward: (call: FloatConvForward) => void;
  readonly floatConvBackwardInput: (call: FloatConvBackwardInput) => void;
  readonly floatConvBackwardFilter: (call: FloatConvBackwardFilter) => void;
  readonly matMul: (call: MatMul) => void;
  readonly binaryConvForward: (call: BinaryConvForward) => void;
  readonly binaryConvBackwardInput: (call: BinaryConvBackwardInput) => void;
  readonly binaryConvBackwardFilter: (call: BinaryConvBackwardFilter) => void;
  readonly binaryConvGateGradient: (call: BinaryConvGateGradient) => void;
  readonly binaryInputConvForward: (call: BinaryInputConvForward) => void;
  readonly binaryFilterConvForward: (call: BinaryFilterConvForward) => void;
  readonly straightThroughFilter: (call: StraightThroughFilter) => void;
  readonly meanMagnitude: (call: MeanMagnitude) => void;
  readonly batchNormStatistics: (call: BatchNormStatistics) => void;
  readonly projectedStatistics: (call: ProjectedStatistics) => void;
  readonly projectedGradients: (call: ProjectedGradients) => void;
  readonly channelAffine: (call: ChannelAffine) => void;
  readonly channelAffineSign: (call: ChannelAffineSign) => void;
  readonly channelAffineClamp: (call: ChannelAffineClamp) => void;
  readonly channelAffineActivation: (call: ChannelAffineActivation) => void;
  readonly batchNormBackward: (call: BatchNormBackward) => void;
  readonly addPrelu: (call: AddPrelu) => void;
  readonly preluBackward: (call: PreluBackward) => void;
  readonly maskedGradient: (call: MaskedGradient) => void;
  readonly channelScaleBackward: (call: ChannelScaleBackward) => void;
  readonly channelAffineResidual: (call: ChannelAffineResidual) => void;
  readonly batchNormResidualBackward: (call: BatchNormResidualBackward) => void;
  readonly shiftedPreluBackward: (call: ShiftedPreluBackward) => void;
  readonly packSigns: (call: PackSigns) => void;
  readonly unpackSigns: (call: UnpackSigns) => void;
  readonly averagePool: (call: AveragePool) => void;
  readonly averagePoolBackward: (call: AveragePoolBackward) => void;
  readonly maxPool: (call: MaxPool) => void;
  readonly maxPoolBackward: (call: MaxPoolBackward) => void;
  readonly positionMean: (call: PositionMean) => void;
  readonly positionMeanBackward: (call: PositionMeanBackward) => void;
  readonly swapOuter: (call: SwapOuter) => void;
  readonly unitMaps: (call: UnitMaps) => void;
  readonly mapPools: (call: MapPools) => void;
  readonly mapPoolsBackward: (call: MapPoolsBackward) => void;
  readonly mapProjection: (call: MapProjection) => void;
  readonly mapProjectionBackward: (call: MapProjectionBackward) => void;
  readonly factoredGate: (call: FactoredGate) => void;
  readonly factoredGateBackward: (call: FactoredGateBackward) => void;
  readonly decoratorGate: (call: DecoratorGate) => void;
  readonly decoratorGateBackward: (call: DecoratorGateBackward) => void;
  readonly dilatedConv: (call: DilatedConv) => void;
  readonly dilatedConvBackwardFilter: (call: DilatedConvBackwardFilter) => void;
  readonly elementwise: (call: Elementwise) => void;
  readonly softmax: (call: Softmax) => void;
  readonly unitDistance: (call: UnitDistance) => void;
  readonly unitDistanceBackward: (call: UnitDistanceBackward) => void;
  readonly adamStep: (call: AdamStep) => void;
  readonly signSlope: (call: SignSlope) => void;
  readonly sigmoid: (call: Sigmoid) => void;
  readonly sigmoidBackward: (call: SigmoidBackward) => void;
  readonly narrowToHalf: (call: NarrowToHalf) => void;
  readonly widenHalf: (call: WidenHalf) => void;
  readonly binaryResidualForward: (call: BinaryResidualForward) => void;
  readonly binaryResidualBackward: (call: BinaryResidualBackward) => void;
}
