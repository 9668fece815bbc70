// How the sums of a block of output channels end: scaled, gated, through a PReLU, with a residual; or as dots
// for a gate's gradient.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "kernels/binary_conv/nibbles_avx2.h"
#include "kernels/binary_conv/output_rows.h"
#include "kernels/binary_conv/popcounts_avx2.h"
#include "kernels/normalisation/prelu_avx2.h"

namespace bnn::avx2 {
namespace {

// What ends the sums of a block of output channels.
struct Finish {
  __m256 products;  // of all valid taps: the sum if no bit differs
  const float* scale;
  const float* slope;      // of the residual's PReLU, or null
  const float* sum_slope;  // of the sum's PReLU, or null
  bool dots;
  int channels;
};

template <bool kStreamed>
inline void store(float* y, __m256 v) {
  kStreamed ? _mm256_stream_ps(y, v) : _mm256_storeu_ps(y, v);
}

// For dots: what is there plus sum · dy. With a PReLU that is where z > 0; the rest goes to the flat sums,
// and dz is written.
inline void add_dots(__m256 sum, __m256 z, const float* slope, int from, const Target& t) {
  const __m256 dy = _mm256_loadu_ps(t.others + from);
  const auto add = [&](float* to, __m256 terms) {
    _mm256_storeu_ps(to, _mm256_fmadd_ps(sum, terms, _mm256_loadu_ps(to)));
  };
  if (slope == nullptr) return add(t.y + from, dy);
  const __m256 positive = is_positive(z);
  add(t.y + from, _mm256_and_ps(dy, positive));
  add(t.flat + from, _mm256_andnot_ps(positive, dy));
  _mm256_storeu_ps(t.dz + from,
                   _mm256_blendv_ps(_mm256_mul_ps(dy, _mm256_loadu_ps(slope + from)), dy, positive));
}

// With sum = products − 2 · differing bits: scale · gate · sum, or its PReLU, + residual; or dots.
template <bool kStreamed>
inline void store_sums(__m256i counts, const Finish& f, int from, const Target& t) {
  float* y = t.y + from;
  const __m256 sum = _mm256_fnmadd_ps(_mm256_cvtepi32_ps(counts), _mm256_set1_ps(2.0f), f.products);
  __m256 scale = _mm256_loadu_ps(f.scale + from);
  if (t.gate != nullptr) scale = _mm256_mul_ps(scale, _mm256_loadu_ps(t.gate + from));
  const __m256 z = _mm256_mul_ps(sum, scale);
  if (f.dots) return add_dots(sum, z, f.sum_slope, from, t);
  const __m256 own = prelu(z, f.sum_slope, from);
  if (t.others == nullptr) return store<kStreamed>(y, own);
  const __m256 added = prelu(_mm256_loadu_ps(t.others + from), f.slope, from);
  store<kStreamed>(y,
                   f.sum_slope == nullptr ? _mm256_fmadd_ps(sum, scale, added) : _mm256_add_ps(own, added));
}

template <bool kHalf, bool kStreamed>
inline void store_image(WordCounts counts, const Finish& f, const Target& whole) {
  constexpr int width = kHalf ? kHalfBlock : kBlock;
  alignas(32) float all[5][width];
  Target t = whole;
  if (f.channels < width) {
    const auto copied = [&](const float* from, float* to) -> float* {
      if (from == nullptr) return nullptr;
      std::memcpy(to, from, f.channels * sizeof(float));
      std::fill(to + f.channels, to + width, 0.0f);
      return to;
    };
    t = {all[0], copied(whole.others, all[1]), copied(whole.gate, all[2]), copied(whole.flat, all[3]),
         all[4]};
    if (f.dots) copied(whole.y, all[0]);
  }
  if (kHalf) {
    // the two halves counted different input channels
    const __m128i first =
        _mm_add_epi16(_mm256_castsi256_si128(counts.low), _mm256_extracti128_si256(counts.low, 1));
    const __m128i second =
        _mm_add_epi16(_mm256_castsi256_si128(counts.high), _mm256_extracti128_si256(counts.high, 1));
    store_sums<kStreamed>(_mm256_cvtepu16_epi32(first), f, 0, t);
    store_sums<kStreamed>(_mm256_cvtepu16_epi32(second), f, 8, t);
  } else {
    const __m256i zero = _mm256_setzero_si256();
    store_sums<kStreamed>(_mm256_unpacklo_epi16(counts.low, zero), f, 0, t);
    store_sums<kStreamed>(_mm256_unpackhi_epi16(counts.low, zero), f, 8, t);
    store_sums<kStreamed>(_mm256_unpacklo_epi16(counts.high, zero), f, 16, t);
    store_sums<kStreamed>(_mm256_unpackhi_epi16(counts.high, zero), f, 24, t);
  }
  if (f.channels == width) return;
  std::memcpy(whole.y, t.y, f.channels * sizeof(float));
  if (whole.flat == nullptr) return;
  std::memcpy(whole.flat, t.flat, f.channels * sizeof(float));
  std::memcpy(whole.dz, t.dz, f.channels * sizeof(float));
}

}  // namespace
}  // namespace bnn::avx2
