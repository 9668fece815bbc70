// Transposed blocks of 16×16 floats.
#pragma once

#include "kernels/lanes_avx512.h"

namespace bnn::avx512 {
namespace {

// Transposes in four steps: swaps the off-diagonal halves of each pair of rows 8, 4, 2 and 1 apart.
inline void transpose(__m512 rows[kLanes]) {
  alignas(64) static constexpr int kLane[kLanes] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const __m512i lane = _mm512_load_si512(kLane);
#pragma GCC unroll 4
  for (int step = 8; step > 0; step /= 2) {
    // lanes whose column lies in the second half of a pair
    const __mmask16 second = step == 8 ? 0xff00 : step == 4 ? 0xf0f0 : step == 2 ? 0xcccc : 0xaaaa;
    const __m512i from_low = _mm512_mask_add_epi32(lane, second, lane, _mm512_set1_epi32(kLanes - step));
    const __m512i from_high = _mm512_mask_add_epi32(_mm512_add_epi32(lane, _mm512_set1_epi32(step)), second,
                                                    lane, _mm512_set1_epi32(kLanes));
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) {
      if (i & step) continue;
      const __m512 low = rows[i], high = rows[i + step];
      rows[i] = _mm512_permutex2var_ps(low, from_low, high);
      rows[i + step] = _mm512_permutex2var_ps(low, from_high, high);
    }
  }
}

}  // namespace
}  // namespace bnn::avx512
