// The arguments of every kernel family. Each struct names its family; an implementation is a function that takes it.
// Layout: activations are position-major [H, W, N, C] (the images of one position are contiguous, channels innermost),
// filters [tap][C][K] with tap = ky * kernel_w + kx, statistics per channel. All images at one position share their valid
// taps, so that borders are exact without padding and a stride costs nothing.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bnn {

// The geometry of a convolution with zero padding. Input [h, w, n, c], filter [kernel_h * kernel_w, c, k],
// output [out_h, out_w, n, k].
struct ConvShape {
  int h, w, n, c, k;
  int kernel_h, kernel_w, stride_h, stride_w, pad_top, pad_left;
  int out_h, out_w;

  int taps() const { return kernel_h * kernel_w; }
  size_t input_size() const { return static_cast<size_t>(h) * w * n * c; }
  size_t filter_size() const { return static_cast<size_t>(kernel_h) * kernel_w * c * k; }
  size_t output_size() const { return static_cast<size_t>(out_h) * out_w * n * k; }
};

// y = x * w
struct FloatConvForward {
  static constexpr const char* family = "floatConvForward";
  ConvShape shape;
  const float* x;
  const float* w;
  float* y;
};

// dx = dy * wᵀ, the gradient to the input
struct FloatConvBackwardInput {
  static constexpr const char* family = "floatConvBackwardInput";
  ConvShape shape;
  const float* dy;
  const float* w;
  float* dx;
};

// dw = xᵀ * dy, the gradient to the filter
struct FloatConvBackwardFilter {
  static constexpr const char* family = "floatConvBackwardFilter";
  ConvShape shape;
  const float* x;
  const float* dy;
  float* dw;
};

// c = op(a) · op(b) for each of `batch` pairs of matrices: op(a) is m×k, op(b) is k×n, all row-major and contiguous; a
// stride of 0 floats between the matrices of a or b shares one.
struct MatMul {
  static constexpr const char* family = "matMul";
  int batch, m, n, k;
  bool transpose_a, transpose_b;
  size_t a_stride, b_stride;
  const float* a;
  const float* b;
  float* c;
};

// Rows of `channels` floats: an activation [H, W, N, C] has H·W·N rows. Where a kernel takes a `slope` (one a channel, may
// be null) beside its input, it works on prelu(x) = x where x > 0, slope·x elsewhere, which is then never in memory.

// mean and variance (biased) of each channel over all rows. The running ones (may be null together) are moved towards them:
// running += momentum · (batch − running), of the variance its unbiased estimate.
struct BatchNormStatistics {
  static constexpr const char* family = "batchNormStatistics";
  size_t rows;
  int channels;
  const float* x;
  const float* slope;
  float* mean;
  float* variance;
  float momentum;
  float* running_mean;
  float* running_variance;
};

// The statistics of v = x · w from those of x: `rows` of x with `inputs` channels, products = xᵀ · x, mean that of x, the filter
// w as [inputs, outputs].
//   covered = (products / rows − mean · meanᵀ) · w, output_mean = wᵀ · mean, output_variance_k = max(0, Σ_c w_ck · covered_ck)
// The running ones (may be null together) are moved towards them as BatchNormStatistics does.
struct ProjectedStatistics {
  static constexpr const char* family = "projectedStatistics";
  size_t rows;
  int inputs, outputs;
  const float* products;
  const float* mean;
  const float* w;
  float* covered;
  float* output_mean;
  float* output_variance;
  float momentum;
  float* running_mean;
  float* running_variance;
};

// What the gradients of a BatchNorm on v = x · w need of x: products = pᵀ · dy with p, dy as they come to the filter's
// gradient, dbeta = Σ dy, the rest as ProjectedStatistics gives it. With i = 1/√(output_variance + ε), s = γ · i:
//   dγ_k = (Σ_c w_ck · products_ck − output_mean_k · dβ_k) · i_k,  t = s · dγ · i
//   dw = s · (products − mean · dβᵀ) − t · covered,  pull = w · s (by column)
//   tilt = −(w · t / rows) · wᵀ,  level_c = −(Σ_j mean_j · tilt_jc + Σ_k s_k · dβ_k / rows · w_ck) · positions
struct ProjectedGradients {
  static constexpr const char* family = "projectedGradients";
  size_t rows;
  int inputs, outputs;
  float epsilon, positions;
  const float* products;
  const float* dbeta;
  const float* mean;
  const float* w;
  const float* gamma;
  const float* covered;
  const float* output_mean;
  const float* output_variance;
  float* dw;
  float* dgamma;
  float* pull;
  float* tilt;
  float* level;
};

// y = x · scale + shift for each channel (normalisation with scale = γ/√(σ²+ε), shift = β − μ·scale)
struct ChannelAffine {
  static constexpr const char* family = "channelAffine";
  size_t rows;
  int channels;
  const float* x;
  const float* scale;
  const float* shift;
  float* y;
};

// sign bits of v = x · scale + shift (1 where v ≥ 0), and a bit 1 where |v| ≤ 1, for the straight-through gradient
// (`mask` may be null). Packed rows: ceil(channels / 32) words, bit c % 32 of word c / 32, tail bits 0.
struct ChannelAffineSign {
  static constexpr const char* family = "channelAffineSign";
  size_t rows;
  int channels;
  const float* x;
  const float* slope;
  const float* scale;
  const float* shift;
  uint32_t* sign;
  uint32_t* mask;
};

// y = v clamped to [−1, 1], v = x · scale + shift, and a bit 1 where |v| ≤ 1 (`mask` may be null), packed as above
struct ChannelAffineClamp {
  static constexpr const char* family = "channelAffineClamp";
  size_t rows;
  int channels;
  const float* x;
  const float* scale;
  const float* shift;
  float* y;
  uint32_t* mask;
};

// Training gradient of y = γ·x̂ + β, x̂ = (x − mean)·inverse_deviation, over all rows m:
//   dβ = Σ dy, dγ = Σ dy·x̂, dx = γ·inverse_deviation·(dy − dβ/m − x̂·dγ/m)
// With `mask` (packed bits, may be null) dy counts only where its bit is 1. dx may be dy. With `addend` (may be null) dx
// gets addend added to it. With `slope` the gradient goes on through the PReLU: dx is slope·dx where x ≤ 0, and
// dslope = Σ dx·x there, of dx before that.
struct BatchNormBackward {
  static constexpr const char* family = "batchNormBackward";
  size_t rows;
  int channels;
  const float* dy;
  const float* x;
  const float* slope;
  const uint32_t* mask;
  const float* addend;
  const float* mean;
  const float* inverse_deviation;
  const float* gamma;
  float* dx;
  float* dgamma;
  float* dbeta;
  float* dslope;  // null without a slope
};

// v = x + residual (residual may be null), y = v where v > 0, slope·v elsewhere (slope per channel). y may be x.
struct AddPrelu {
  static constexpr const char* family = "addPrelu";
  size_t rows;
  int channels;
  const float* x;
  const float* residual;
  const float* slope;
  float* y;
};

// Gradient of y = prelu(v): dv = dy where v > 0, slope·dy elsewhere; dslope = Σ dy·v where v ≤ 0, over the rows.
// v = x + residual (residual may be null). dv may be dy.
struct PreluBackward {
  static constexpr const char* family = "preluBackward";
  size_t rows;
  int channels;
  const float* dy;
  const float* x;
  const float* residual;
  const float* slope;
  float* dv;
  float* dslope;
};

// Pooling windows over position-major tensors; the shape's c is the number of channels (k is ignored).
// Average: y = Σ x / divisor; divisor = window size when count_padding, else the number of valid positions.
struct AveragePool {
  static constexpr const char* family = "averagePool";
  ConvShape shape;
  bool count_padding;
  const float* x;
  float* y;
};
// With `addend` (may be null, may be dx) dx gets it added.
struct AveragePoolBackward {
  static constexpr const char* family = "averagePoolBackward";
  ConvShape shape;
  bool count_padding;
  const float* dy;
  const float* addend;
  float* dx;
};
struct MaxPool {
  static constexpr const char* family = "maxPool";
  ConvShape shape;
  const float* x;
  float* y;
};
// The gradient goes to the first position (in row order) that holds the maximum.
struct MaxPoolBackward {
  static constexpr const char* family = "maxPoolBackward";
  ConvShape shape;
  const float* dy;
  const float* x;
  const float* y;
  float* dx;
};

// The mean over positions of [positions, inner]: y[i] = Σ_p x[p, i] / positions
struct PositionMean {
  static constexpr const char* family = "positionMean";
  size_t positions, inner;
  const float* x;
  float* y;
};
// dx[p, i] = dy[i] / positions
struct PositionMeanBackward {
  static constexpr const char* family = "positionMeanBackward";
  size_t positions, inner;
  const float* dy;
  float* dx;
};

// [outer, middle, inner] → [middle, outer, inner]; NHWC ↔ position-major with outer = N (or H·W), middle = H·W (or N).
struct SwapOuter {
  static constexpr const char* family = "swapOuter";
  size_t outer, middle, inner;
  const float* x;
  float* y;
};

// Element by element; `y_period` 0: both have `size` elements; otherwise y repeats every y_period elements (a row of
// channels, or 1 for a scalar).
enum class Binary : int { kAdd = 0, kSubtract = 1, kMultiply = 2, kDivide = 3, kMaximum = 4, kMinimum = 5 };
struct Elementwise {
  static constexpr const char* family = "elementwise";
  Binary operation;
  size_t size, y_period;
  const float* x;
  const float* y;
  float* out;
};

// Softmax, or its logarithm, of each row; finite for any finite logits.
struct Softmax {
  static constexpr const char* family = "softmax";
  size_t rows;
  int classes;
  bool logarithm;
  const float* x;
  float* y;
};

// The squared distance of the directions of `rows` pairs of rows of `size` floats: with u = a/‖a‖, v = b/‖b‖, d = u − v,
//   value = ‖d‖², summed from the differences (2 − 2·u·v cancels when the two agree)
// Norms under kZeroNorm are taken as kZeroNorm. `statistics` gets four floats a row, all that the gradient needs besides a
// and b: ‖a‖, ‖b‖, 2/‖a‖, (u·d)/‖a‖, the last two 0 where ‖a‖ is not above kZeroNorm: without a direction there is no pull.
constexpr double kZeroNorm = 1e-12;
struct UnitDistance {
  static constexpr const char* family = "unitDistance";
  size_t rows, size;
  const float* a;
  const float* b;
  float* value;
  float* statistics;
};

// da = dy · (2/‖a‖) · (d − u·(u·d)), dy one float a row, `statistics` those of UnitDistance
struct UnitDistanceBackward {
  static constexpr const char* family = "unitDistanceBackward";
  size_t rows, size;
  const float* dy;
  const float* a;
  const float* b;
  const float* statistics;
  float* da;
};

// Adam (Kingma and Ba 2015) in one pass: g += weight_decay·w; m = β₁m + (1 − β₁)g; v = β₂v + (1 − β₂)g²;
// w −= lr · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε); then w clipped to [−clip, clip] when clip > 0.
struct AdamStep {
  static constexpr const char* family = "adamStep";
  size_t size;
  int64_t step;  // t, from 1
  float lr, beta1, beta2, epsilon, weight_decay, clip;
  const float* gradient;
  float* w;
  float* m;
  float* v;
};

// sign bits of each row of floats (1 where x ≥ 0), and (mask may be null) a bit 1 where |x| ≤ 1
struct PackSigns {
  static constexpr const char* family = "packSigns";
  size_t rows;
  int channels;
  const float* x;
  uint32_t* sign;
  uint32_t* mask;
};

// ±1 floats of packed rows
struct UnpackSigns {
  static constexpr const char* family = "unpackSigns";
  size_t rows;
  int channels;
  const uint32_t* sign;
  float* y;
};

// scale[k] = mean over taps and inputs of |w[tap][c][k]|, w as [rows = taps · c, k]
struct MeanMagnitude {
  static constexpr const char* family = "meanMagnitude";
  size_t rows;
  int channels;
  const float* w;
  float* scale;
};

// y = scale[k] · Σ x·w + residual with x and w ±1 as packed bits: x rows [h, w, n] of c bits, w rows [tap, c] of k bits. The
// sum is an exact integer; padding contributes 0. The residual has the shape of y and may be null; with `slope` (may be
// null) its PReLU is added in its place.
struct BinaryConvForward {
  static constexpr const char* family = "binaryConvForward";
  ConvShape shape;
  const uint32_t* x;
  const uint32_t* w;
  const float* scale;
  const float* residual;
  const float* slope;
  float* y;
};

// dx = Σ (scale[k] · dy) · w with w ±1 as packed bits
struct BinaryConvBackwardInput {
  static constexpr const char* family = "binaryConvBackwardInput";
  ConvShape shape;
  const float* dy;
  const uint32_t* w;
  const float* scale;
  float* dx;
};

// dw = scale[k] · Σ x · dy with x ±1 as packed bits, 0 where |latent| > 1 (the straight-through estimator). `scale` and
// `latent` may be null together: then dw = Σ x · dy.
struct BinaryConvBackwardFilter {
  static constexpr const char* family = "binaryConvBackwardFilter";
  ConvShape shape;
  const uint32_t* x;
  const float* dy;
  const float* scale;
  const float* latent;
  float* dw;
};

// y = Σ x·w with x ±1 as packed bits, rows [h, w, n] of c bits, and w in floats. Its gradients: BinaryConvBackwardFilter
// without scale and latent, and FloatConvBackwardInput.
struct BinaryInputConvForward {
  static constexpr const char* family = "binaryInputConvForward";
  ConvShape shape;
  const uint32_t* x;
  const float* w;
  float* y;
};

// y = scale[k] · Σ x·w with x in floats and w ±1 as packed bits, rows [tap, c] of k bits. Its gradients:
// BinaryConvBackwardInput, and FloatConvBackwardFilter followed by StraightThroughFilter.
struct BinaryFilterConvForward {
  static constexpr const char* family = "binaryFilterConvForward";
  ConvShape shape;
  const float* x;
  const uint32_t* w;
  const float* scale;
  float* y;
};

// dw ← scale[k] · dw where |latent| ≤ 1, 0 elsewhere, w as [rows = taps · c, k]: the gradient to the latent weights from
// that to scale · sign(latent)
struct StraightThroughFilter {
  static constexpr const char* family = "straightThroughFilter";
  size_t rows;
  int channels;
  const float* scale;
  const float* latent;
  float* dw;
};

// y = x · √(size / Σ x²) for each sample of size = pixels · channels floats, as [pixels, channels]; zeros stay zeros. x is
// [samples, channels, pixels] where channels_first, else [samples, pixels, channels].
struct UnitMaps {
  static constexpr const char* family = "unitMaps";
  size_t samples, pixels, channels;
  bool channels_first;
  const float* x;
  float* y;
};

// y = x in float16 (IEEE 754 binary16), rounded to the nearest, ties to even; what is too large becomes infinite, NaN stays
// NaN. On the calling thread.
struct NarrowToHalf {
  static constexpr const char* family = "narrowToHalf";
  size_t size;
  const float* x;
  uint16_t* y;
};

// y = x in float32, exactly; x in float16. On the calling thread.
struct WidenHalf {
  static constexpr const char* family = "widenHalf";
  size_t size;
  const uint16_t* x;
  float* y;
};

}  // namespace bnn
