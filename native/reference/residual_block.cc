// The sequences of kernels of a binary block. Each step is the active implementation of its own family.
#include <cmath>

#include "dispatch.h"
#include "implementations.h"
#include "parallel.h"

namespace bnn::reference {
namespace {

constexpr int kCoefficientSlot = 10;

size_t rows_of(const ConvShape& s) { return static_cast<size_t>(s.h) * s.w * s.n; }

}  // namespace

void run(const BinaryResidualForward& a) {
  const ConvShape& s = a.shape;
  float* scale = scratch<float>(kCoefficientSlot, 2 * static_cast<size_t>(s.c));
  float* shift = scale + s.c;
  for (int c = 0; c < s.c; ++c) {
    scale[c] = static_cast<float>(a.gamma[c] / std::sqrt(static_cast<double>(a.variance[c]) + a.epsilon));
    shift[c] = static_cast<float>(a.beta[c] - static_cast<double>(a.mean[c]) * scale[c]);
  }
  bnn::run(ChannelAffineSign{rows_of(s), s.c, a.v, a.slope, scale, shift, a.sign, a.mask});
  bnn::run(PackSigns{s.filter_rows(), s.k, a.latent, a.filter_sign, nullptr});
  bnn::run(MeanMagnitude{s.filter_rows(), s.k, a.latent, a.scale});
  const bool itself = a.residual == nullptr;
  bnn::run(BinaryConvForward{s, a.sign, a.filter_sign, a.scale, itself ? a.v : a.residual, itself ? a.slope : nullptr, a.y});
}

void run(const BinaryResidualBackward& a) {
  const ConvShape& s = a.shape;
  bnn::run(BinaryConvBackwardFilter{s, a.sign, a.dy, a.scale, a.latent, a.dw});
  bnn::run(BinaryConvBackwardInput{s, a.dy, a.filter_sign, a.scale, a.dv});
  float* inverse_deviation = scratch<float>(kCoefficientSlot, s.c);
  for (int c = 0; c < s.c; ++c)
    inverse_deviation[c] = static_cast<float>(1 / std::sqrt(static_cast<double>(a.variance[c]) + a.epsilon));
  bnn::run(BatchNormBackward{rows_of(s), s.c, a.dv, a.v, a.slope, a.mask, 0, a.adds_dy ? a.dy : nullptr, a.mean,
                             inverse_deviation, a.gamma, nullptr, a.dv, a.dgamma, a.dbeta, a.dslope});
}

}  // namespace bnn::reference
