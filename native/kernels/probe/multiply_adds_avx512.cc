#include <immintrin.h>

#include "probe.h"

namespace bnn::avx512 {

size_t multiply_adds_avx512(size_t rounds) {
  constexpr size_t kChains = 16;
  constexpr size_t kLanes = 16;
  const __m512 factor = _mm512_set1_ps(0.75f);
  const __m512 addend = _mm512_set1_ps(0.25f);
  __m512 chain[kChains];
  for (size_t i = 0; i < kChains; ++i) chain[i] = _mm512_set1_ps(static_cast<float>(rounds % 7 + i));
  for (size_t round = 0; round < rounds; ++round)
    for (size_t i = 0; i < kChains; ++i) chain[i] = _mm512_fmadd_ps(chain[i], factor, addend);
  for (size_t i = 1; i < kChains; ++i) chain[0] = _mm512_add_ps(chain[0], chain[i]);
  float lanes[kLanes];
  _mm512_storeu_ps(lanes, chain[0]);
  [[maybe_unused]] volatile float sink = lanes[0];
  return rounds * kChains * kLanes;
}

}  // namespace bnn::avx512
