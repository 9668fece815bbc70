// The registers of AVX2, for gemm.h.
#pragma once

#include <immintrin.h>

namespace bnn {
namespace {

struct Avx2Register {
  using Value = __m256;
  static constexpr int kLanes = 8;
  // 6 × 2 sums, 2 registers of B and 1 of A take 15 of the 16 registers.
  static constexpr int kTileRows = 6;
  // A panel of B of this length takes 16 KB, half of the smallest first-level cache in use.
  static constexpr int kChain = 256;

  static inline Value zero() { return _mm256_setzero_ps(); }
  static inline Value load(const float* p) { return _mm256_loadu_ps(p); }
  static inline Value load_aligned(const float* p) { return _mm256_load_ps(p); }
  static inline Value broadcast(const float* p) { return _mm256_broadcast_ss(p); }
  static inline void store(float* p, Value v) { _mm256_storeu_ps(p, v); }
  static inline void store_aligned(float* p, Value v) { _mm256_store_ps(p, v); }
  static inline Value add(Value a, Value b) { return _mm256_add_ps(a, b); }
  static inline Value multiply_add(Value a, Value b, Value c) { return _mm256_fmadd_ps(a, b, c); }
};

}  // namespace
}  // namespace bnn
