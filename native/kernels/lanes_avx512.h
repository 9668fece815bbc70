// Sixteen floats at a time.
#pragma once

#include <immintrin.h>

namespace bnn::avx512 {
namespace {

constexpr int kLanes = 16;

// The mask of the first `count` lanes, or of all of them.
inline __mmask16 first_lanes(int count) {
  return static_cast<__mmask16>(count >= kLanes ? 0xffff : (1 << count) - 1);
}

// Keeps an operand of several instructions in a register. gcc 12 would read it from memory for each of them.
template <class Vector>
inline void hold(Vector& v) {
#if defined(__AVX512F__)
  __asm__("" : "+v"(v));
#endif
}

}  // namespace
}  // namespace bnn::avx512
