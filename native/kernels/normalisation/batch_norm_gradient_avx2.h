// The gradient of a BatchNorm to its input, once the sums over the rows are known.
#pragma once

#include "kernels/folded_rows_avx2.h"

namespace bnn::avx2 {
namespace {

// dx = factor · dy + (x − mean) · tilt + level, where factor, tilt and level are those of the channel.
class NormGradient {
 public:
  // `memory` has floats(rows) floats.
  NormGradient(const FoldedRows& rows, const float* mean, float* memory)
      : rows_(rows),
        mean_(memory),
        factor_(mean_ + rows.width),
        tilt_(factor_ + rows.width),
        level_(tilt_ + rows.width) {
    rows.repeat(mean, mean_);
  }

  static size_t floats(const FoldedRows& rows) { return 4 * rows.width; }

  // Computes dγ, dβ and the factors of dx from the sums of dy and of dy · (x − mean).
  template <class Args>
  void complete(const Args& a, const double* sums, const double* centred_sums) {
    for (size_t c = 0; c < rows_.channels; ++c) {
      const double inverse = a.inverse_deviation[c];
      const double dbeta = sums[c];
      const double dgamma = centred_sums[c] * inverse;
      const double scale = a.gamma[c] * inverse;
      a.dbeta[c] = static_cast<float>(dbeta);
      a.dgamma[c] = static_cast<float>(dgamma);
      for (size_t i = c; i < rows_.width; i += rows_.channels) {
        factor_[i] = static_cast<float>(scale);
        tilt_[i] = static_cast<float>(-scale * inverse * dgamma / a.rows);
        level_[i] = static_cast<float>(-scale * dbeta / a.rows);
      }
    }
  }

  __m256 centred(__m256 x, size_t column) const { return _mm256_sub_ps(x, _mm256_loadu_ps(mean_ + column)); }

  __m256 dx(__m256 dy, __m256 x, size_t column) const {
    const __m256 tilt = _mm256_loadu_ps(tilt_ + column);
    const __m256 corrections = _mm256_fmadd_ps(centred(x, column), tilt, _mm256_loadu_ps(level_ + column));
    return _mm256_fmadd_ps(dy, _mm256_loadu_ps(factor_ + column), corrections);
  }

 private:
  const FoldedRows& rows_;
  float* mean_;
  float* factor_;
  float* tilt_;
  float* level_;
};

}  // namespace
}  // namespace bnn::avx2
