// BatchNorm, PReLU and signs.
#pragma once

#include <cstddef>
#include <cstdint>

#include "families/dims.h"

namespace bnn {

// Rows of `channels` floats: an activation [H, W, N, C] has H·W·N rows. Where a kernel takes a `slope` (one a
// channel, may be null) beside its input, it works on prelu(x) = x where x > 0, slope·x elsewhere, which is
// then never in memory.

// mean and variance (biased) of each channel over all rows. The running ones (may be null together) are moved
// towards them: running += momentum · (batch − running), of the variance its unbiased estimate.
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

  template <class Fields>
  void fields(Fields& f) {
    f.positive("rows", rows);
    f.positive("channels", channels);
    f.input("x", x, {rows, channels});
    f.input_or_null("slope", slope, {channels});
    f.output("mean", mean, {channels});
    f.output("variance", variance, {channels});
    f.number("momentum", momentum);
    f.updated_or_null("runningMean", running_mean, {channels});
    f.updated_or_null("runningVariance", running_variance, {channels});
    f.together(running_mean, running_variance);
  }
};

// The statistics of v = x · w from those of x: `rows` of x with `inputs` channels, products = xᵀ · x, mean
// that of x, the filter w as [inputs, outputs].
//   covered = (products / rows − mean · meanᵀ) · w, output_mean = wᵀ · mean, output_variance_k = max(0, Σ_c
//   w_ck · covered_ck)
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

  template <class Fields>
  void fields(Fields& f) {
    f.positive("rows", rows);
    f.positive("inputs", inputs);
    f.positive("outputs", outputs);
    f.input("products", products, {inputs, inputs});
    f.input("mean", mean, {inputs});
    f.input("w", w, {inputs, outputs});
    f.output("covered", covered, {inputs, outputs});
    f.output("outputMean", output_mean, {outputs});
    f.output("outputVariance", output_variance, {outputs});
    f.number("momentum", momentum);
    f.updated_or_null("runningMean", running_mean, {outputs});
    f.updated_or_null("runningVariance", running_variance, {outputs});
    f.together(running_mean, running_variance);
  }
};

// What the gradients of a BatchNorm on v = x · w need of x: products = pᵀ · dy with p, dy as they come to the
// filter's gradient, dbeta = Σ dy, the rest as ProjectedStatistics gives it. With i = 1/√(output_variance +
// ε), s = γ · i:
//   dγ_k = (Σ_c w_ck · products_ck − output_mean_k · dβ_k) · i_k,  t = s · dγ · i
//   dw = s · (products − mean · dβᵀ) − t · covered,  pull = w · s (by column)
//   tilt = −(w · t / rows) · wᵀ,  level_c = −(Σ_j mean_j · tilt_jc + Σ_k s_k · dβ_k / rows · w_ck) ·
//   positions
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

  template <class Fields>
  void fields(Fields& f) {
    f.positive("rows", rows);
    f.positive("inputs", inputs);
    f.positive("outputs", outputs);
    f.number("epsilon", epsilon);
    f.number("positions", positions);
    f.input("products", products, {inputs, outputs});
    f.input("dbeta", dbeta, {outputs});
    f.input("mean", mean, {inputs});
    f.input("w", w, {inputs, outputs});
    f.input("gamma", gamma, {outputs});
    f.input("covered", covered, {inputs, outputs});
    f.input("outputMean", output_mean, {outputs});
    f.input("outputVariance", output_variance, {outputs});
    f.output("dw", dw, {inputs, outputs});
    f.output("dgamma", dgamma, {outputs});
    f.output("pull", pull, {inputs, outputs});
    f.output("tilt", tilt, {inputs, inputs});
    f.output("level", level, {inputs});
  }
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

  template <class Fields>
  void fields(Fields& f) {
    f.size("rows", rows);
    f.size("channels", channels);
    f.input("x", x, {rows, channels});
    f.input("scale", scale, {channels});
    f.input("shift", shift, {channels});
    f.output("y", y, {rows, channels});
  }
};

// sign bits of v = x · scale + shift (1 where v ≥ 0), and a bit 1 where |v| ≤ 1, for the straight-through
// gradient
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

  template <class Fields>
  void fields(Fields& f) {
    f.size("rows", rows);
    f.size("channels", channels);
    f.input("x", x, {rows, channels});
    f.input_or_null("slope", slope, {channels});
    f.input("scale", scale, {channels});
    f.input("shift", shift, {channels});
    f.output("sign", sign, {rows, packed(channels)});
    f.output_or_null("mask", mask, {rows, packed(channels)});
  }
};

// y = v clamped to [−1, 1], v = x · scale + shift, and a bit 1 where |v| ≤ 1 (`mask` may be null), packed as
// above
struct ChannelAffineClamp {
  static constexpr const char* family = "channelAffineClamp";
  size_t rows;
  int channels;
  const float* x;
  const float* scale;
  const float* shift;
  float* y;
  uint32_t* mask;

  template <class Fields>
  void fields(Fields& f) {
    f.size("rows", rows);
    f.size("channels", channels);
    f.input("x", x, {rows, channels});
    f.input("scale", scale, {channels});
    f.input("shift", shift, {channels});
    f.output("y", y, {rows, channels});
    f.output_or_null("mask", mask, {rows, packed(channels)});
  }
};

// The activations of a full-precision network: f(v), of which the slope is 1 inside and `outer_slope`
// outside.
enum class Activation {
  kRelu,       // v where v > 0, 0 elsewhere
  kLeakyClip,  // v where |v| ≤ 1, 0.1·v + 0.9·sign(v) elsewhere
  kHardClamp,  // v where |v| ≤ 1, sign(v) elsewhere
};
constexpr const char* kActivationNames[] = {"relu", "leakyClip", "hardClamp"};

inline float outer_slope(Activation f) { return f == Activation::kLeakyClip ? 0.1f : 0.0f; }

// y = f(v), v = x · scale + shift + residual (residual may be null), and a bit 1 where v is inside (`mask`
// may be null), packed as above
struct ChannelAffineActivation {
  static constexpr const char* family = "channelAffineActivation";
  size_t rows;
  int channels;
  Activation activation;
  const float* x;
  const float* scale;
  const float* shift;
  const float* residual;
  float* y;
  uint32_t* mask;

  template <class Fields>
  void fields(Fields& f) {
    f.size("rows", rows);
    f.size("channels", channels);
    f.choice("activation", activation, kActivationNames);
    f.input("x", x, {rows, channels});
    f.input("scale", scale, {channels});
    f.input("shift", shift, {channels});
    f.input_or_null("residual", residual, {rows, channels});
    f.output("y", y, {rows, channels});
    f.output_or_null("mask", mask, {rows, packed(channels)});
  }
};

// Training gradient of y = γ·x̂ + β, x̂ = (x − mean)·inverse_deviation, over all rows m:
//   dβ = Σ dy, dγ = Σ dy·x̂, dx = γ·inverse_deviation·(dy − dβ/m − x̂·dγ/m)
// With `mask` (packed bits, may be null) dy counts only where its bit is 1, elsewhere `outer` times it;
// `upstream` (may be null) gets dy as it counts. dx may be dy, or upstream may, but not both. With
// `image_dy` [images, channels] (may be null) each row of dy, as it counts, gets that of its image
// added, row r being of image r mod `images`. With `addend` (may be null) dx gets addend added to it.
// With `slope` the gradient goes on through the PReLU: dx is slope·dx where x ≤ 0, and dslope = Σ dx·x there,
// of dx before that.
struct BatchNormBackward {
  static constexpr const char* family = "batchNormBackward";
  size_t rows;
  int channels;
  const float* dy;
  const float* x;
  const float* slope;
  const uint32_t* mask;
  float outer;
  const float* addend;
  const float* mean;
  const float* inverse_deviation;
  const float* gamma;
  float* upstream;
  float* dx;
  float* dgamma;
  float* dbeta;
  float* dslope;  // null without a slope
  int images = 0;
  const float* image_dy = nullptr;

  template <class Fields>
  void fields(Fields& f) {
    f.positive("rows", rows);
    f.positive("channels", channels);
    f.input("dy", dy, {rows, channels});
    f.input("x", x, {rows, channels});
    f.input_or_null("slope", slope, {channels});
    f.input_or_null("mask", mask, {rows, packed(channels)});
    f.number("outer", outer);
    f.input_or_null("addend", addend, {rows, channels});
    f.input("mean", mean, {channels});
    f.input("inverseDeviation", inverse_deviation, {channels});
    f.input("gamma", gamma, {channels});
    f.output_or_null("upstream", upstream, {rows, channels}).may_be(dy);
    f.output("dx", dx, {rows, channels}).may_be(dy);
    f.output("dgamma", dgamma, {channels});
    f.output("dbeta", dbeta, {channels});
    f.output_or_null("dslope", dslope, {channels});
    f.size("images", images);
    f.input_or_null("imageDy", image_dy, {images, channels});
    f.together(slope, dslope);
    f.require("imageDy", (image_dy != nullptr) == (images > 0),
              "there where images is above 0, and only there");
  }
};

// v = x + residual (residual may be null), y = v where v > 0, slope·v elsewhere (slope per channel). y may be
// x.
struct AddPrelu {
  static constexpr const char* family = "addPrelu";
  size_t rows;
  int channels;
  const float* x;
  const float* residual;
  const float* slope;
  float* y;

  template <class Fields>
  void fields(Fields& f) {
    f.size("rows", rows);
    f.size("channels", channels);
    f.input("x", x, {rows, channels});
    f.input_or_null("residual", residual, {rows, channels});
    f.input("slope", slope, {channels});
    f.output("y", y, {rows, channels}).may_be(x);
  }
};

// Gradient of y = prelu(v): dv = dy where v > 0, slope·dy elsewhere; dslope = Σ dy·v where v ≤ 0, over the
// rows. v = x + residual (residual may be null). dv may be dy.
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

  template <class Fields>
  void fields(Fields& f) {
    f.positive("rows", rows);
    f.positive("channels", channels);
    f.input("dy", dy, {rows, channels});
    f.input("x", x, {rows, channels});
    f.input_or_null("residual", residual, {rows, channels});
    f.input("slope", slope, {channels});
    f.output("dv", dv, {rows, channels}).may_be(dy);
    f.output("dslope", dslope, {channels});
  }
};

// Gradient through a mask of packed bits: m = dy where its bit is 1, 0 elsewhere; dx = m + addend (addend may
// be null), and the sum of m over the rows. dx may be dy or addend.
struct MaskedGradient {
  static constexpr const char* family = "maskedGradient";
  size_t rows;
  int channels;
  const float* dy;
  const uint32_t* mask;
  const float* addend;
  float* dx;
  float* sum;

  template <class Fields>
  void fields(Fields& f) {
    f.positive("rows", rows);
    f.positive("channels", channels);
    f.input("dy", dy, {rows, channels});
    f.input("mask", mask, {rows, packed(channels)});
    f.input_or_null("addend", addend, {rows, channels});
    f.output("dx", dx, {rows, channels}).may_be(dy).may_be(addend);
    f.output("sum", sum, {channels});
  }
};

// Gradient of y = x · scale for each channel: dx = dy · scale, dscale = Σ dy · x over the rows. dx may be dy.
struct ChannelScaleBackward {
  static constexpr const char* family = "channelScaleBackward";
  size_t rows;
  int channels;
  const float* dy;
  const float* x;
  const float* scale;
  float* dx;
  float* dscale;

  template <class Fields>
  void fields(Fields& f) {
    f.positive("rows", rows);
    f.positive("channels", channels);
    f.input("dy", dy, {rows, channels});
    f.input("x", x, {rows, channels});
    f.input("scale", scale, {channels});
    f.output("dx", dx, {rows, channels}).may_be(dy);
    f.output("dscale", dscale, {channels});
  }
};

// The end of a block: v = x · scale + shift + residual (residual may be null), y = prelu(v + before) + after,
// all but x, residual and y one a channel; before, slope and after may be null together, then y = v. y may be
// x or residual.
struct ChannelAffineResidual {
  static constexpr const char* family = "channelAffineResidual";
  size_t rows;
  int channels;
  const float* x;
  const float* scale;
  const float* shift;
  const float* residual;
  const float* before;
  const float* slope;
  const float* after;
  float* y;

  template <class Fields>
  void fields(Fields& f) {
    f.size("rows", rows);
    f.size("channels", channels);
    f.input("x", x, {rows, channels});
    f.input("scale", scale, {channels});
    f.input("shift", shift, {channels});
    f.input_or_null("residual", residual, {rows, channels});
    f.input_or_null("before", before, {channels});
    f.input_or_null("slope", slope, {channels});
    f.input_or_null("after", after, {channels});
    f.output("y", y, {rows, channels}).may_be(x).may_be(residual);
    f.together(before, slope, after);
  }
};

// Training gradient of ChannelAffineResidual with a PReLU, of which scale and shift are those of a BatchNorm
// as BatchNormBackward has it. With u = v + before:
//   upstream = dy where u > 0, slope · dy elsewhere: the gradient to v, and so to the residual
//   dslope = Σ dy · u where u ≤ 0, dafter = Σ dy, dx, dγ and dβ those of BatchNormBackward for upstream; dβ
//   is that of before too
// upstream may be dy or dx; dx may be dy.
struct BatchNormResidualBackward {
  static constexpr const char* family = "batchNormResidualBackward";
  size_t rows;
  int channels;
  const float* dy;
  const float* x;
  const float* scale;
  const float* shift;
  const float* residual;
  const float* before;
  const float* slope;
  const float* mean;
  const float* inverse_deviation;
  const float* gamma;
  float* upstream;
  float* dx;
  float* dgamma;
  float* dbeta;
  float* dslope;
  float* dafter;

  template <class Fields>
  void fields(Fields& f) {
    f.positive("rows", rows);
    f.positive("channels", channels);
    f.input("dy", dy, {rows, channels});
    f.input("x", x, {rows, channels});
    f.input("scale", scale, {channels});
    f.input("shift", shift, {channels});
    f.input_or_null("residual", residual, {rows, channels});
    f.input("before", before, {channels});
    f.input("slope", slope, {channels});
    f.input("mean", mean, {channels});
    f.input("inverseDeviation", inverse_deviation, {channels});
    f.input("gamma", gamma, {channels});
    f.output("upstream", upstream, {rows, channels}).may_be(dy).may_be(dx);
    f.output("dx", dx, {rows, channels}).may_be(dy);
    f.output("dgamma", dgamma, {channels});
    f.output("dbeta", dbeta, {channels});
    f.output("dslope", dslope, {channels});
    f.output("dafter", dafter, {channels});
  }
};

// Gradients of y = prelu(x + before) + after: dx = dy where v = x + before > 0, slope · dy elsewhere; dbefore
// = Σ dx, dslope = Σ dy · v where v ≤ 0, dafter = Σ dy. dx may be dy.
struct ShiftedPreluBackward {
  static constexpr const char* family = "shiftedPreluBackward";
  size_t rows;
  int channels;
  const float* dy;
  const float* x;
  const float* before;
  const float* slope;
  float* dx;
  float* dbefore;
  float* dslope;
  float* dafter;

  template <class Fields>
  void fields(Fields& f) {
    f.positive("rows", rows);
    f.positive("channels", channels);
    f.input("dy", dy, {rows, channels});
    f.input("x", x, {rows, channels});
    f.input("before", before, {channels});
    f.input("slope", slope, {channels});
    f.output("dx", dx, {rows, channels}).may_be(dy);
    f.output("dbefore", dbefore, {channels});
    f.output("dslope", dslope, {channels});
    f.output("dafter", dafter, {channels});
  }
};

// sign bits of each row of floats (1 where x ≥ 0), and (mask may be null) a bit 1 where |x| ≤ 1
struct PackSigns {
  static constexpr const char* family = "packSigns";
  size_t rows;
  int channels;
  const float* x;
  uint32_t* sign;
  uint32_t* mask;

  template <class Fields>
  void fields(Fields& f) {
    f.size("rows", rows);
    f.size("channels", channels);
    f.input("x", x, {rows, channels});
    f.output("sign", sign, {rows, packed(channels)});
    f.output_or_null("mask", mask, {rows, packed(channels)});
  }
};

// ±1 floats of packed rows
struct UnpackSigns {
  static constexpr const char* family = "unpackSigns";
  size_t rows;
  int channels;
  const uint32_t* sign;
  float* y;

  template <class Fields>
  void fields(Fields& f) {
    f.size("rows", rows);
    f.size("channels", channels);
    f.input("sign", sign, {rows, packed(channels)});
    f.output("y", y, {rows, channels});
  }
};

}  // namespace bnn
