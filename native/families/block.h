// A binary convolution with its neighbours: one call for what always follows each other.
#pragma once

#include "families/conv_shape.h"

namespace bnn {

// The training forward pass of y = binaryConv(sign(BatchNorm(x)), latent) + residual, x = prelu(v) with a slope:
// ChannelAffineSign, PackSigns and MeanMagnitude of latent, BinaryConvForward. Without a residual x itself is added.
struct BinaryResidualForward {
  static constexpr const char* family = "binaryResidualForward";
  ConvShape shape;
  float epsilon;
  const float* v;
  const float* slope;  // may be null
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
};

// Its gradients: BinaryConvBackwardFilter, BinaryConvBackwardInput, BatchNormBackward with the mask. dv gets dy added where
// x itself was the residual.
struct BinaryResidualBackward {
  static constexpr const char* family = "binaryResidualBackward";
  ConvShape shape;
  float epsilon;
  bool adds_dy;
  const float* dy;
  const float* v;
  const float* slope;  // may be null, then dslope is
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
  float* dw;
};

}  // namespace bnn
