// The registers of AVX-512, for gemm.h.
#pragma once

#include <immintrin.h>

namespace bnn {
namespace {

struct Avx512Register {
  using Value = __m512;
  static constexpr int kLanes = 16;
  // 12 × 2 sums, 2 registers of B and 1 of A take 27 of the 32 registers.
  static constexpr int kTileRows = 12;
  // A panel of B of this length takes 16 KB, half of the smallest first-level cache in use.
  static constexpr int kChain = 128;

  static inline Value zero() { return _mm512_setzero_ps(); }
  static inline Value load(const float* p) { return _mm512_loadu_ps(p); }
  static inline Value load_aligned(const float* p) { return _mm512_load_ps(p); }
  static inline Value broadcast(const float* p) { return _mm512_set1_ps(*p); }
  static inline void store(float* p, Value v) { _mm512_storeu_ps(p, v); }
  static inline void store_aligned(float* p, Value v) { _mm512_store_ps(p, v); }
  static inline Value add(Value a, Value b) { return _mm512_add_ps(a, b); }
  static inline Value multiply_add(Value a, Value b, Value c) { return _mm512_fmadd_ps(a, b, c); }
};

}  // namespace
}  // namespace bnn
