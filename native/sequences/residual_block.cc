// The training passes of a binary residual block. Each step runs the active implementation of its family.
#include <cmath>

#include "dispatch.h"
#include "implementations.h"
#include "parallel.h"
#include "scratch.h"
#include "sequences/squeeze_excite.h"

namespace bnn::sequences {
namespace {

size_t rows_of(const ConvShape& s) { return static_cast<size_t>(s.h) * s.w * s.n; }
size_t positions_of(const ConvShape& s) { return static_cast<size_t>(s.h) * s.w; }
size_t mean_size(const ConvShape& s) { return static_cast<size_t>(s.n) * s.c; }

}  // namespace

void binary_residual_forward(const BinaryResidualForward& a) {
  const ConvShape& s = a.shape;
  Scratch scratch;
  float* scale = scratch.take<float>(s.c);
  float* shift = scratch.take<float>(s.c);
  for (int c = 0; c < s.c; ++c) {
    scale[c] = static_cast<float>(a.gamma[c] / std::sqrt(static_cast<double>(a.variance[c]) + a.epsilon));
    shift[c] = static_cast<float>(a.beta[c] - static_cast<double>(a.mean[c]) * scale[c]);
  }
  bnn::run(ChannelAffineSign{rows_of(s), s.c, a.v, a.slope, scale, shift, a.sign, a.mask});
  bnn::run(PackSigns{s.filter_rows(), s.k, a.latent, a.filter_sign, nullptr});
  bnn::run(MeanMagnitude{s.filter_rows(), s.k, a.latent, a.scale});
  if (a.hidden > 0) {
    bnn::run(PositionMean{positions_of(s), mean_size(s), a.v, a.map_mean, s.c, a.slope});
    for (size_t i = 0; i < mean_size(s); ++i)
      a.map_mean[i] = std::fma(a.map_mean[i], scale[i % s.c], shift[i % s.c]);
    squeeze_excite({s.n, s.c, a.hidden, s.k}, a.map_mean, a.squeeze, a.excite, a.hidden_values, a.gate);
  }
  const OutputTransform transform{a.scale, a.hidden > 0 ? a.gate : nullptr, a.sum_slope,
                                  a.adds_input ? a.v : a.residual, a.adds_input ? a.slope : nullptr};
  bnn::run(BinaryConvForward{s, a.sign, a.filter_sign, transform, a.y});
}

void binary_residual_backward(const BinaryResidualBackward& a) {
  const ConvShape& s = a.shape;
  const bool is_gated = a.hidden > 0;
  const GateShape g{s.n, s.c, a.hidden, s.k};
  const bool is_sloped = a.sum_slope != nullptr;
  Scratch scratch;
  float* inverse_deviation = scratch.take<float>(s.c);
  float* dm = is_gated ? scratch.take<float>(mean_size(s)) : nullptr;
  float* dgate = scratch.take<float>(g.gate_size());
  const float* gate = is_gated ? a.gate : nullptr;
  if (is_gated || is_sloped)
    bnn::run(BinaryConvGateGradient{
        s, a.sign, a.filter_sign, {a.scale, gate, a.sum_slope}, a.dy, dgate, a.dz, a.dsum_slope});
  if (is_gated) {
    squeeze_excite_backward(g, a.map_mean, a.squeeze, a.excite, a.hidden_values, a.gate, dgate,
                            scratch.take<float>(g.hidden_size()), a.dsqueeze, a.dexcite, dm);
    for (size_t i = 0; i < mean_size(s); ++i) dm[i] /= static_cast<float>(positions_of(s));
  }
  const float* dz = is_sloped ? a.dz : a.dy;
  bnn::run(BinaryConvBackwardFilter{s, a.sign, dz, a.scale, a.latent, a.dw, gate});
  bnn::run(BinaryConvBackwardInput{s, dz, a.filter_sign, a.scale, a.dv, gate});
  for (int c = 0; c < s.c; ++c)
    inverse_deviation[c] = static_cast<float>(1 / std::sqrt(static_cast<double>(a.variance[c]) + a.epsilon));
  bnn::run(BatchNormBackward{rows_of(s), s.c, a.dv, a.v, a.slope, a.mask, 0, a.adds_dy ? a.dy : nullptr,
                             a.mean, inverse_deviation, a.gamma, nullptr, a.dv, a.dgamma, a.dbeta, a.dslope,
                             is_gated ? s.n : 0, dm});
}

}  // namespace bnn::sequences
