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
};

}  // namespace bnn
