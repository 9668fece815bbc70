// Transposed blocks of 8×8 floats.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstring>

namespace bnn::avx2 {
namespace {

// columns[j] = element j of the 8 rows, which are `stride` floats apart. Rows i and i + 4 are loaded into one
// register, because moving halves between registers is slow on CPUs whose units are 128 bits wide.
inline void load_transposed(const float* rows, size_t stride, __m256 columns[8]) {
#pragma GCC unroll 2
  for (int half = 0; half < 8; half += 4) {
    __m256 r[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i)
      r[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(rows + i * stride + half)),
                                  _mm_loadu_ps(rows + (i + 4) * stride + half), 1);
    const __m256 low01 = _mm256_unpacklo_ps(r[0], r[1]), high01 = _mm256_unpackhi_ps(r[0], r[1]);
    const __m256 low23 = _mm256_unpacklo_ps(r[2], r[3]), high23 = _mm256_unpackhi_ps(r[2], r[3]);
    columns[half] = _mm256_shuffle_ps(low01, low23, 0x44);
    columns[half + 1] = _mm256_shuffle_ps(low01, low23, 0xee);
    columns[half + 2] = _mm256_shuffle_ps(high01, high23, 0x44);
    columns[half + 3] = _mm256_shuffle_ps(high01, high23, 0xee);
  }
}

// The same for `row_count` rows of `count` elements, with zeros for the rest. It is a function of its own, so
// that whole blocks pay nothing for it.
__attribute__((noinline)) void load_transposed_edge(const float* rows, size_t stride, int row_count,
                                                    int count, __m256 columns[8]) {
  alignas(32) float whole[8 * 8] = {};
  for (int i = 0; i < row_count; ++i) std::memcpy(whole + 8 * i, rows + i * stride, count * sizeof(float));
  load_transposed(whole, 8, columns);
}

}  // namespace
}  // namespace bnn::avx2
