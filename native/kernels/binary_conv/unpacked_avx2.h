// Operands in bits as floats, for shapes where sums by table do not pay: there the float convolutions run on
// these.
#pragma once

#include <immintrin.h>

#include "implementations.h"
#include "parallel.h"
#include "scratch.h"

namespace bnn::avx2 {
namespace {

inline const float* unpacked_input(const ConvShape& s, const uint32_t* x, Scratch& scratch) {
  float* floats = scratch.take<float>(s.input_size());
  unpack_signs_avx2(UnpackSigns{static_cast<size_t>(s.h) * s.w * s.n, s.c, x, floats});
  return floats;
}

// scale[k] · sign
inline const float* unpacked_filter(const ConvShape& s, const uint32_t* w, const float* scale,
                                    Scratch& scratch) {
  float* floats = scratch.take<float>(s.filter_size());
  unpack_signs_avx2(UnpackSigns{static_cast<size_t>(s.taps()) * s.c, s.k, w, floats});
  for (size_t row = 0; row < static_cast<size_t>(s.taps()) * s.c; ++row)
    for (int k = 0; k < s.k; ++k) floats[row * s.k + k] *= scale[k];
  return floats;
}

// gate[n, k] · dy, or dy itself without a gate.
inline const float* gated_gradient(const ConvShape& s, const float* dy, const float* gate, Scratch& scratch) {
  if (gate == nullptr) return dy;
  const size_t row = static_cast<size_t>(s.n) * s.k;
  float* gated = scratch.take<float>(s.output_size());
  parallel_for(static_cast<int64_t>(s.out_h) * s.out_w, [&](int64_t position) {
    for (size_t i = 0; i < row; ++i) gated[position * row + i] = gate[i] * dy[position * row + i];
  });
  return gated;
}

}  // namespace
}  // namespace bnn::avx2
