// The matrix algebra of a 1×1 convolution with BatchNorm, from sums over its input. The products are calls of
// MatMul; the rest is a pass or two over a small matrix.
#include <algorithm>
#include <cmath>

#include "dispatch.h"
#include "implementations.h"
#include "parallel.h"
#include "reference/running_statistics.h"
#include "scratch.h"

namespace bnn::sequences {
namespace {

// c [m, n] = a [m, k] · op(b)
void multiply(int m, int n, int k, const float* a, const float* b, bool transpose_b, float* c) {
  bnn::run(MatMul{1, m, n, k, false, transpose_b, false, false, a, b, c});
}

}  // namespace

void projected_statistics(const ProjectedStatistics& a) {
  const int c = a.inputs;
  const int k = a.outputs;
  Scratch scratch;
  float* covariance = scratch.take<float>(c, c);
  for (int i = 0; i < c; ++i)
    for (int j = 0; j < c; ++j) {
      const size_t at = static_cast<size_t>(i) * c + j;
      covariance[at] = static_cast<float>(a.products[at] / static_cast<double>(a.rows) -
                                          static_cast<double>(a.mean[i]) * a.mean[j]);
    }
  multiply(c, k, c, covariance, a.w, false, a.covered);
  double* sums = scratch.take<double>(2, k);
  std::fill_n(sums, 2 * static_cast<size_t>(k), 0.0);
  for (int i = 0; i < c; ++i)
    for (int j = 0; j < k; ++j) {
      const size_t at = static_cast<size_t>(i) * k + j;
      sums[j] += static_cast<double>(a.w[at]) * a.mean[i];
      sums[k + j] += static_cast<double>(a.w[at]) * a.covered[at];
    }
  for (int j = 0; j < k; ++j) {
    a.output_mean[j] = static_cast<float>(sums[j]);
    // Rounding may make a variance of 0 negative.
    a.output_variance[j] = static_cast<float>(std::max(0.0, sums[k + j]));
  }
  move_running({a.rows, k, nullptr, nullptr, a.output_mean, a.output_variance, a.momentum, a.running_mean,
                a.running_variance});
}

void projected_gradients(const ProjectedGradients& a) {
  const int c = a.inputs;
  const int k = a.outputs;
  Scratch scratch;
  double* sums = scratch.take<double>(k);
  double* s = scratch.take<double>(k);
  double* t = scratch.take<double>(k);
  std::fill_n(sums, k, 0.0);
  for (int i = 0; i < c; ++i)
    for (int j = 0; j < k; ++j) {
      const size_t at = static_cast<size_t>(i) * k + j;
      sums[j] += static_cast<double>(a.w[at]) * a.products[at];
    }
  for (int j = 0; j < k; ++j) {
    const double inverse = 1 / std::sqrt(static_cast<double>(a.output_variance[j]) + a.epsilon);
    const double dgamma = (sums[j] - static_cast<double>(a.output_mean[j]) * a.dbeta[j]) * inverse;
    s[j] = a.gamma[j] * inverse;
    t[j] = s[j] * dgamma * inverse;
    a.dgamma[j] = static_cast<float>(dgamma);
  }
  for (int i = 0; i < c; ++i)
    for (int j = 0; j < k; ++j) {
      const size_t at = static_cast<size_t>(i) * k + j;
      const double centred = a.products[at] - static_cast<double>(a.mean[i]) * a.dbeta[j];
      a.dw[at] = static_cast<float>(s[j] * centred - t[j] * a.covered[at]);
      // Holds w · t until the product with wᵀ is computed.
      a.pull[at] = static_cast<float>(-a.w[at] * t[j] / static_cast<double>(a.rows));
    }
  multiply(c, c, k, a.pull, a.w, true, a.tilt);
  for (int i = 0; i < c; ++i) {
    double level = 0;
    for (int j = 0; j < c; ++j)
      level -= static_cast<double>(a.mean[j]) * a.tilt[static_cast<size_t>(j) * c + i];
    for (int j = 0; j < k; ++j) {
      const size_t at = static_cast<size_t>(i) * k + j;
      level -= s[j] * a.dbeta[j] / static_cast<double>(a.rows) * a.w[at];
      a.pull[at] = static_cast<float>(a.w[at] * s[j]);
    }
    a.level[i] = static_cast<float>(level * a.positions);
  }
}

}  // namespace bnn::sequences
