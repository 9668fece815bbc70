// Moves the running statistics of a BatchNorm towards those of a batch.
#pragma once

#include <cstddef>

#include "kernels.h"

namespace bnn {
namespace {

void move_running(const BatchNormStatistics& a) {
  if (a.running_mean == nullptr) return;
  const double keep = 1 - static_cast<double>(a.momentum);
  const double unbiased = a.rows > 1 ? a.rows / (a.rows - 1.0) : 1;
  for (int c = 0; c < a.channels; ++c) {
    a.running_mean[c] =
        static_cast<float>(keep * a.running_mean[c] + a.momentum * static_cast<double>(a.mean[c]));
    a.running_variance[c] = static_cast<float>(keep * a.running_variance[c] +
                                               a.momentum * unbiased * static_cast<double>(a.variance[c]));
  }
}

}  // namespace
}  // namespace bnn
