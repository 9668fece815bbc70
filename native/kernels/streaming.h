// When an output is streamed, that is, written past the caches.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bnn {

// An output of kStreamedFloats is no longer in the caches when the next kernel reads it. Kernels that compute
// for long between their stores gain from streaming smaller outputs too, since what they read stays in the
// caches.
constexpr size_t kStreamedFloats = size_t{4} << 20;
constexpr size_t kConvolvedFloats = size_t{1} << 19;

inline bool worth_streaming(const float* out, size_t size, size_t least = kStreamedFloats) {
  return size >= least && reinterpret_cast<uintptr_t>(out) % 32 == 0;
}

}  // namespace bnn
