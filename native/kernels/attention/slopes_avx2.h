// The gradient of a BatchNorm whose upstream gradient dv is never in memory. A share of it is the same at all
// positions; the caller adds the rest.
#pragma once

#include "kernels/attention/rows_avx2.h"

namespace bnn::avx2 {

// dx = x·tilt + level + factor·(dv without the share of the means), with a level for each image and channel.
// Without a BatchNorm there is no tilt, and the factor is 1.
struct Slopes {
  float* tilt;    // [channels]
  float* factor;  // [channels]
  float* level;   // [images, channels]

  static size_t memory(size_t images, size_t channels) { return (2 + images) * channels; }

  Slopes(float* memory, size_t channels)
      : tilt(memory), factor(memory + channels), level(memory + 2 * channels) {}
};

// Computes them, dgamma and dbeta. `sums` is [Σ q; Σ q·(x − mu)], [2, channels], over everything that flows
// to v except dmean; it is overwritten.
template <class Args>
void slopes_of(const Args& a, double* sums, const Slopes& s) {
  const size_t channels = a.channels, inner = a.images * channels;
  const float positions = static_cast<float>(a.positions);
  if (a.gamma == nullptr) {
    std::fill(s.factor, s.factor + channels, 1.0f);
    for (size_t i = 0; i < inner; ++i) s.level[i] = a.dmean[i] / positions;
    return;
  }
  double* centred = sums + channels;
  for (size_t i = 0; i < inner;)
    for (size_t c = 0; c < channels; ++c, ++i) {
      sums[c] += a.dmean[i];
      centred[c] += a.dmean[i] * (static_cast<double>(a.mean[i]) - a.mu[c]);
    }
  const double rows = static_cast<double>(a.positions * a.images);
  for (size_t c = 0; c < channels; ++c) {
    const double deviations = centred[c] * a.inverse_deviation[c];
    const double factor = static_cast<double>(a.gamma[c]) * a.inverse_deviation[c];
    const double tilt = -factor * a.inverse_deviation[c] * deviations / rows;
    a.dbeta[c] = static_cast<float>(sums[c]);
    a.dgamma[c] = static_cast<float>(deviations);
    s.factor[c] = static_cast<float>(factor);
    s.tilt[c] = static_cast<float>(tilt);
    // the same for every image
    sums[c] = -factor * sums[c] / rows - a.mu[c] * tilt;
  }
  for (size_t i = 0; i < inner;)
    for (size_t c = 0; c < channels; ++c, ++i)
      s.level[i] = static_cast<float>(s.factor[c] * a.dmean[i] / positions + sums[c]);
}

}  // namespace bnn::avx2
