// When an output passes the caches by.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bnn {

// An output of this size is not in the caches any more when the next kernel reads it. Kernels that compute
// long enough between their stores gain from streaming smaller ones too: what they read stays in the caches.
constexpr size_t kStreamedFloats = size_t{4} << 20;
constexpr size_t kConvolvedFloats = size_t{1} << 19;

inline bool worth_streaming(const float* out, size_t size, size_t least = kStreamedFloats) {
  return size >= least && reinterpret_cast<uintptr_t>(out) % 32 == 0;
}

}  // namespace bnn
