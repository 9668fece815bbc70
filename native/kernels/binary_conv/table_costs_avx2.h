// Whether sums by table pay. With few images, channels or positions the tables are half empty or read too
// seldom, and the float convolution is faster. The costs are estimates in cycles, fitted to measurements.
#pragma once

#include <algorithm>

#include "kernels.h"
#include "kernels/binary_conv/sum_tables_avx2.h"

namespace bnn::avx2 {
namespace {

constexpr double kCallCycles = 60;     // of a call of accumulate
constexpr double kRowCycles = 5;       // of a row of sums in it, without its look-ups
constexpr double kTableCycles = 2;     // of a look-up for it
constexpr double kTableRowCycles = 3;  // of writing a row of a table
constexpr double kFloatCycles = 1.15;  // of the float convolution, for 8 products
constexpr double kSureGain = 1.25;     // the estimates are rough

// The number of pairs of an output position and a tap inside the input.
inline double tap_pairs(const ConvShape& s) {
  const auto along = [](int size, int out, int window, int stride, int pad) {
    double pairs = 0;
    for (int o = 0; o < out; ++o)
      pairs += std::max(0, std::min(window, size + pad - o * stride) - std::max(0, pad - o * stride));
    return pairs;
  };
  return along(s.h, s.out_h, s.kernel_h, s.stride_h, s.pad_top) *
         along(s.w, s.out_w, s.kernel_w, s.stride_w, s.pad_left);
}

// Of a float convolution with `width` channels in its lanes and `depth` the other number of channels.
inline double float_cycles(const ConvShape& s, int depth, int width) {
  return tap_pairs(s) * s.n * depth * ((width + 7) / 8) * kFloatCycles;
}

inline double row_cycles(int table_count) { return kTableCycles * table_count + kRowCycles; }

inline double tables_cycles(int bits, int table_count) { return kTableRowCycles * table_count * (1 << bits); }

}  // namespace
}  // namespace bnn::avx2
