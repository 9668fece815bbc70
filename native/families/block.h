// A binary convolution with its neighbours: one call for what always follows each other.
#pragma once

#include "families/conv_shape.h"

namespace bnn {

// The training forward pass of y = binaryConv(sign(BatchNorm(x)), latent) + residual, x = prelu(v) with a
// slope: ChannelAffineSign, PackSigns and MeanMagnitude of latent, BinaryConvForward. Without a residual x
// itself is added where `adds_input` says so, else nothing. A `sum_slope` (may be null) is that of
// BinaryConvForward. With `hidden` > 0 the convolution is gated by squeeze and excite of m, the mean over the
// positions of BatchNorm(x):
//   gate = σ(hidden_values · excite), hidden_values = ReLU(m · squeeze)
struct BinaryResidualForward {
  static constexpr const char* family = "binaryResidualForward";
  ConvShape shape;
  float epsilon;
  bool adds_input;
  const float* v;
  const float* slope;      // may be null
  const float* sum_slope;  // may be null
  const float* gamma;
  const float* beta;
  const float* mean;  // of x
  const float* variance;
  const float* latent;
  const float* residual;  // may be null
  uint32_t* sign;         // of BatchNorm(x), packed
  uint32_t* mask;         // |BatchNorm(x)| ≤ 1, packed
  uint32_t* filter_sign;
  float* scale;  // mean |latent| of each output channel
  float* y;
  int hidden;
  const float* squeeze;  // [c, hidden]; this and what follows null without a gate
  const float* excite;   // [hidden, k]
  float* map_mean;       // m, [n, c]
  float* hidden_values;  // [n, hidden]
  float* gate;           // [n, k]

  template <class Fields>
  void fields(Fields& f) {
    f.nested("shape", shape);
    f.number("epsilon", epsilon);
    f.flag("addsInput", adds_input);
    f.input("v", v, shape.input());
    f.input_or_null("slope", slope, {shape.c});
    f.input_or_null("sumSlope", sum_slope, {shape.k});
    f.input("gamma", gamma, {shape.c});
    f.input("beta", beta, {shape.c});
    f.input("mean", mean, {shape.c});
    f.input("variance", variance, {shape.c});
    f.input("latent", latent, shape.filter());
    f.input_or_null("residual", residual, shape.output());
    f.output("sign", sign, shape.packed_input());
    f.output("mask", mask, shape.packed_input());
    f.output("filterSign", filter_sign, shape.packed_filter());
    f.output("scale", scale, {shape.k});
    f.output("y", y, shape.output());
    f.size("hidden", hidden);
    f.input_or_null("squeeze", squeeze, {shape.c, hidden});
    f.input_or_null("excite", excite, {hidden, shape.k});
    f.output_or_null("mapMean", map_mean, {shape.n, shape.c});
    f.output_or_null("hiddenValues", hidden_values, {shape.n, hidden});
    f.output_or_null("gate", gate, {shape.n, shape.k});
    f.require("residual", residual == nullptr || !adds_input, "null with addsInput");
    f.require("addsInput", !adds_input || shape.output_size() == shape.input_size(),
              "false where the shape changes");
    f.together(squeeze, excite, map_mean, hidden_values, gate);
    f.require("squeeze", (squeeze != nullptr) == (hidden > 0),
              "there where hidden is above 0, and only there");
  }
};

// Its gradients: BinaryConvBackwardFilter, BinaryConvBackwardInput, BatchNormBackward with the mask. dv gets
// dy added where x itself was the residual. A gate and a sum_slope come with BinaryConvGateGradient, and m's
// gradient goes into that of the BatchNorm.
struct BinaryResidualBackward {
  static constexpr const char* family = "binaryResidualBackward";
  ConvShape shape;
  float epsilon;
  bool adds_dy;
  const float* dy;
  const float* v;
  const float* slope;      // may be null, then dslope is
  const float* sum_slope;  // may be null, then dsum_slope and dz are
  const float* gamma;
  const float* mean;
  const float* variance;
  const float* latent;
  const float* scale;
  const uint32_t* sign;
  const uint32_t* mask;
  const uint32_t* filter_sign;
  float* dv;
  float* dgamma;
  float* dbeta;
  float* dslope;
  float* dsum_slope;
  float* dz;  // scratch of the size of dy
  float* dw;
  int hidden;
  const float* squeeze;
  const float* excite;
  const float* map_mean;
  const float* hidden_values;
  const float* gate;
  float* dsqueeze;
  float* dexcite;

  template <class Fields>
  void fields(Fields& f) {
    f.nested("shape", shape);
    f.number("epsilon", epsilon);
    f.flag("addsDy", adds_dy);
    f.input("dy", dy, shape.output());
    f.input("v", v, shape.input());
    f.input_or_null("slope", slope, {shape.c});
    f.input_or_null("sumSlope", sum_slope, {shape.k});
    f.input("gamma", gamma, {shape.c});
    f.input("mean", mean, {shape.c});
    f.input("variance", variance, {shape.c});
    f.input("latent", latent, shape.filter());
    f.input("scale", scale, {shape.k});
    f.input("sign", sign, shape.packed_input());
    f.input("mask", mask, shape.packed_input());
    f.input("filterSign", filter_sign, shape.packed_filter());
    f.output("dv", dv, shape.input());
    f.output("dgamma", dgamma, {shape.c});
    f.output("dbeta", dbeta, {shape.c});
    f.output_or_null("dslope", dslope, {shape.c});
    f.output_or_null("dsumSlope", dsum_slope, {shape.k});
    f.output_or_null("dz", dz, shape.output());
    f.output("dw", dw, shape.filter());
    f.size("hidden", hidden);
    f.input_or_null("squeeze", squeeze, {shape.c, hidden});
    f.input_or_null("excite", excite, {hidden, shape.k});
    f.input_or_null("mapMean", map_mean, {shape.n, shape.c});
    f.input_or_null("hiddenValues", hidden_values, {shape.n, hidden});
    f.input_or_null("gate", gate, {shape.n, shape.k});
    f.output_or_null("dsqueeze", dsqueeze, {shape.c, hidden});
    f.output_or_null("dexcite", dexcite, {hidden, shape.k});
    f.require("addsDy", !adds_dy || shape.output_size() == shape.input_size(),
              "false where the shape changes");
    f.together(slope, dslope);
    f.together(sum_slope, dsum_slope, dz);
    f.together(squeeze, excite, map_mean, hidden_values, gate, dsqueeze, dexcite);
    f.require("squeeze", (squeeze != nullptr) == (hidden > 0),
              "there where hidden is above 0, and only there");
  }
};

}  // namespace bnn
