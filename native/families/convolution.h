// Convolutions in floats and bits, and the matrix product.
#pragma once

#include "families/conv_shape.h"

namespace bnn {

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

// c = op(a) · op(b) for each of `batch` pairs of matrices: op(a) is m×k, op(b) is k×n, all row-major and
// contiguous; a stride of 0 floats between the matrices of a or b shares one.
struct MatMul {
  static constexpr const char* family = "matMul";
  int batch, m, n, k;
  bool transpose_a, transpose_b;
  size_t a_stride, b_stride;
  const float* a;
  const float* b;
  float* c;
};

// y = scale[k] · Σ x·w + residual with x and w ±1 as packed bits: x rows [h, w, n] of c bits, w rows [tap, c]
// of k bits. The sum is an exact integer; padding contributes 0. The residual has the shape of y and may be
// null; with `slope` (may be null) its PReLU is added in its place. Where there is a `gate` [n, k] it
// multiplies the scale, z = scale[k] · gate[n, k] · Σ x·w, and so on in the gradients. With a `sum_slope`
// (may be null) y = prelu(z) + residual.
struct BinaryConvForward {
  static constexpr const char* family = "binaryConvForward";
  ConvShape shape;
  const uint32_t* x;
  const uint32_t* w;
  const float* scale;
  const float* residual;
  const float* slope;
  float* y;
  const float* gate = nullptr;
  const float* sum_slope = nullptr;
};

// dx = Σ (scale[k] · gate[n, k] · dy) · w with w ±1 as packed bits
struct BinaryConvBackwardInput {
  static constexpr const char* family = "binaryConvBackwardInput";
  ConvShape shape;
  const float* dy;
  const uint32_t* w;
  const float* scale;
  float* dx;
  const float* gate = nullptr;
};

// dw = scale[k] · Σ x · gate[n, k] · dy with x ±1 as packed bits, 0 where |latent| > 1 (the straight-through
// estimator). `scale` and `latent` may be null together: then dw = Σ x · gate[n, k] · dy.
struct BinaryConvBackwardFilter {
  static constexpr const char* family = "binaryConvBackwardFilter";
  ConvShape shape;
  const uint32_t* x;
  const float* dy;
  const float* scale;
  const float* latent;
  float* dw;
  const float* gate = nullptr;
};

// dgate[n, k] = scale[k] · Σ dz · (Σ x·w) over the positions, the gradient to a gate of BinaryConvForward,
// whose sums are made again: they cost less than a map of them. dz is dy, or with a `sum_slope` dy where z >
// 0 and sum_slope[k] · dy elsewhere, which is then written; dslope[k] = Σ dy · z where z ≤ 0. The gate may be
// null, for one of ones.
struct BinaryConvGateGradient {
  static constexpr const char* family = "binaryConvGateGradient";
  ConvShape shape;
  const uint32_t* x;
  const uint32_t* w;
  const float* scale;
  const float* dy;
  float* dgate;
  const float* gate = nullptr;
  const float* sum_slope = nullptr;
  float* dz = nullptr;      // null without sum_slope
  float* dslope = nullptr;  // null without sum_slope
};

// y = Σ x·w with x ±1 as packed bits, rows [h, w, n] of c bits, and w in floats. Its gradients:
// BinaryConvBackwardFilter without scale and latent, and FloatConvBackwardInput.
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

// dw ← scale[k] · dw where |latent| ≤ 1, 0 elsewhere, w as [rows = taps · c, k]: the gradient to the latent
// weights from that to scale · sign(latent)
struct StraightThroughFilter {
  static constexpr const char* family = "straightThroughFilter";
  size_t rows;
  int channels;
  const float* scale;
  const float* latent;
  float* dw;
};

// scale[k] = mean over taps and inputs of |w[tap][c][k]|, w as [rows = taps · c, k]
struct MeanMagnitude {
  static constexpr const char* family = "meanMagnitude";
  size_t rows;
  int channels;
  const float* w;
  float* scale;
};

}  // namespace bnn
