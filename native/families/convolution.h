// Convolutions in floats and bits, and the matrix product.
#pragma once

#include "families/conv_shape.h"
#include "families/output_transform.h"

namespace bnn {

// y = x * w
struct FloatConvForward {
  static constexpr const char* family = "floatConvForward";
  ConvShape shape;
  const float* x;
  const float* w;
  float* y;

  template <class Fields>
  void fields(Fields& f) {
    f.nested("shape", shape);
    f.input("x", x, shape.input());
    f.input("w", w, shape.filter());
    f.output("y", y, shape.output());
  }
};

// dx = dy * wᵀ, the gradient to the input
struct FloatConvBackwardInput {
  static constexpr const char* family = "floatConvBackwardInput";
  ConvShape shape;
  const float* dy;
  const float* w;
  float* dx;

  template <class Fields>
  void fields(Fields& f) {
    f.nested("shape", shape);
    f.input("dy", dy, shape.output());
    f.input("w", w, shape.filter());
    f.output("dx", dx, shape.input());
  }
};

// dw = xᵀ * dy, the gradient to the filter
struct FloatConvBackwardFilter {
  static constexpr const char* family = "floatConvBackwardFilter";
  ConvShape shape;
  const float* x;
  const float* dy;
  float* dw;

  template <class Fields>
  void fields(Fields& f) {
    f.nested("shape", shape);
    f.input("x", x, shape.input());
    f.input("dy", dy, shape.output());
    f.output("dw", dw, shape.filter());
  }
};

// c = op(a) · op(b) for each of `batch` pairs of matrices: op(a) is m×k, op(b) is k×n, all row-major and
// contiguous. A shared a or b is one matrix for the whole batch.
struct MatMul {
  static constexpr const char* family = "matMul";
  int batch, m, n, k;
  bool transpose_a, transpose_b;
  bool shared_a, shared_b;
  const float* a;
  const float* b;
  float* c;

  static constexpr int kOne = 1;
  size_t a_stride() const { return shared_a ? 0 : static_cast<size_t>(m) * k; }
  size_t b_stride() const { return shared_b ? 0 : static_cast<size_t>(k) * n; }

  template <class Fields>
  void fields(Fields& f) {
    f.size("batch", batch);
    f.size("m", m);
    f.size("n", n);
    f.size("k", k);
    f.flag("transposeA", transpose_a);
    f.flag("transposeB", transpose_b);
    f.flag("sharedA", shared_a);
    f.flag("sharedB", shared_b);
    f.input("a", a, {shared_a ? kOne : batch, m, k});
    f.input("b", b, {shared_b ? kOne : batch, k, n});
    f.output("c", c, {batch, m, n});
  }
};

// y = transform(Σ x·w) with x and w ±1 as packed bits: x rows [h, w, n] of c bits, w rows [tap, c] of k bits.
// The sum is an exact integer; padding contributes 0.
struct BinaryConvForward {
  static constexpr const char* family = "binaryConvForward";
  ConvShape shape;
  const uint32_t* x;
  const uint32_t* w;
  OutputTransform transform;
  float* y;

  template <class Fields>
  void fields(Fields& f) {
    f.nested("shape", shape);
    f.input("x", x, shape.packed_input());
    f.input("w", w, shape.packed_filter());
    transform.fields(f, shape);
    f.output("y", y, shape.output());
  }
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

  template <class Fields>
  void fields(Fields& f) {
    f.nested("shape", shape);
    f.input("dy", dy, shape.output());
    f.input("w", w, shape.packed_filter());
    f.input("scale", scale, {shape.k});
    f.output("dx", dx, shape.input());
    f.input_or_null("gate", gate, {shape.n, shape.k});
  }
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

  template <class Fields>
  void fields(Fields& f) {
    f.nested("shape", shape);
    f.input("x", x, shape.packed_input());
    f.input("dy", dy, shape.output());
    f.input_or_null("scale", scale, {shape.k});
    f.input_or_null("latent", latent, shape.filter());
    f.output("dw", dw, shape.filter());
    f.input_or_null("gate", gate, {shape.n, shape.k});
    f.together(scale, latent);
  }
};

// The gradients to the gate and the slope of a BinaryConvForward with the same x, w and transform, which has
// no residual here:
//   dgate[n, k] = scale[k] · Σ dz · (Σ x·w) over the positions, dslope[k] = Σ dy · z where z ≤ 0
//   dz = dy where z > 0, sum_slope[k] · dy elsewhere; without a sum_slope dz is dy and is not written
// The sums Σ x·w are computed again, which costs less than keeping a map of them. Without a gate dgate is the
// gradient to a gate of ones.
struct BinaryConvGateGradient {
  static constexpr const char* family = "binaryConvGateGradient";
  ConvShape shape;
  const uint32_t* x;
  const uint32_t* w;
  OutputTransform transform;
  const float* dy;
  float* dgate;
  float* dz = nullptr;      // null without a sum_slope
  float* dslope = nullptr;  // null without a sum_slope

  template <class Fields>
  void fields(Fields& f) {
    f.nested("shape", shape);
    f.input("x", x, shape.packed_input());
    f.input("w", w, shape.packed_filter());
    transform.factor_fields(f, shape);
    f.input("dy", dy, shape.output());
    f.output("dgate", dgate, {shape.n, shape.k});
    f.output_or_null("dz", dz, shape.output());
    f.output_or_null("dslope", dslope, {shape.k});
    f.together(transform.sum_slope, dz, dslope);
  }
};

// y = Σ x·w with x ±1 as packed bits, rows [h, w, n] of c bits, and w in floats. Its gradients:
// BinaryConvBackwardFilter without scale and latent, and FloatConvBackwardInput.
struct BinaryInputConvForward {
  static constexpr const char* family = "binaryInputConvForward";
  ConvShape shape;
  const uint32_t* x;
  const float* w;
  float* y;

  template <class Fields>
  void fields(Fields& f) {
    f.nested("shape", shape);
    f.input("x", x, shape.packed_input());
    f.input("w", w, shape.filter());
    f.output("y", y, shape.output());
  }
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

  template <class Fields>
  void fields(Fields& f) {
    f.nested("shape", shape);
    f.input("x", x, shape.input());
    f.input("w", w, shape.packed_filter());
    f.input("scale", scale, {shape.k});
    f.output("y", y, shape.output());
  }
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

  template <class Fields>
  void fields(Fields& f) {
    f.size("rows", rows);
    f.size("channels", channels);
    f.input("scale", scale, {channels});
    f.input("latent", latent, {rows, channels});
    f.updated("dw", dw, {rows, channels});
  }
};

// scale[k] = mean over taps and inputs of |w[tap][c][k]|, w as [rows = taps · c, k]
struct MeanMagnitude {
  static constexpr const char* family = "meanMagnitude";
  size_t rows;
  int channels;
  const float* w;
  float* scale;

  template <class Fields>
  void fields(Fields& f) {
    f.positive("rows", rows);
    f.positive("channels", channels);
    f.input("w", w, {rows, channels});
    f.output("scale", scale, {channels});
  }
};

}  // namespace bnn
