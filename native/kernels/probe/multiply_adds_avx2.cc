#include <immintrin.h>

#include "probe.h"

namespace bnn::avx2 {

size_t multiply_adds_avx2(size_t rounds) {
  // More chains than latency times throughput on any CPU with these instructions, and fewer than its
  // registers.
  constexpr size_t kChains = 12;
  constexpr size_t kLanes = 8;
  const __m256 factor = _mm256_set1_ps(0.75f);
  const __m256 addend = _mm256_set1_ps(0.25f);
  __m256 chain[kChains];
  for (size_t i = 0; i < kChains; ++i) chain[i] = _mm256_set1_ps(static_cast<float>(rounds % 7 + i));
  for (size_t round = 0; round < rounds; ++round)
    for (size_t i = 0; i < kChains; ++i) chain[i] = _mm256_fmadd_ps(chain[i], factor, addend);
  for (size_t i = 1; i < kChains; ++i) chain[0] = _mm256_add_ps(chain[0], chain[i]);
  [[maybe_unused]] volatile float sink = _mm256_cvtss_f32(chain[0]);
  return rounds * kChains * kLanes;
}

}  // namespace bnn::avx2
