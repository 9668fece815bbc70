// PReLU of the values that a kernel reads, with one slope for each channel.
#pragma once

#include "kernels/folded_rows_avx2.h"

namespace bnn::avx2 {
namespace {

inline __m256 is_positive(__m256 v) { return _mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_GT_OQ); }

// The slopes for each column of folded rows, copied to `memory`, which has `width` floats; null without
// slopes.
inline float* repeated_slope(const FoldedRows& rows, const float* slope, float* memory) {
  if (slope == nullptr) return nullptr;
  rows.repeat(slope, memory);
  return memory;
}

inline __m256 prelu(__m256 v, __m256 slope) {
  return _mm256_blendv_ps(_mm256_mul_ps(slope, v), v, is_positive(v));
}

// The same with the slope of a column of folded rows; v itself without slopes.
inline __m256 prelu(__m256 v, const float* slope, size_t column) {
  return slope == nullptr ? v : prelu(v, _mm256_loadu_ps(slope + column));
}

}  // namespace
}  // namespace bnn::avx2
