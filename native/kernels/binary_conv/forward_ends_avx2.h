// The end of the sums of a block of output channels.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "kernels/binary_conv/nibbles_avx2.h"
#include "kernels/binary_conv/output_stage.h"
#include "kernels/binary_conv/popcounts_avx2.h"
#include "kernels/normalisation/prelu_avx2.h"

namespace bnn::avx2 {
namespace {

template <bool kStreamed>
inline void store(float* y, __m256 v) {
  kStreamed ? _mm256_stream_ps(y, v) : _mm256_storeu_ps(y, v);
}

// Adds sum · dy to the dots; with a PReLU of z to those that z belongs to, and writes dz.
inline void add_dots(__m256 sum, __m256 z, int from, const OutputStage& stage) {
  const __m256 dy = _mm256_loadu_ps(stage.dy + from);
  const auto add = [&](float* to, __m256 terms) {
    _mm256_storeu_ps(to, _mm256_fmadd_ps(sum, terms, _mm256_loadu_ps(to)));
  };
  const float* slope = stage.transform.sum_slope;
  if (slope == nullptr) return add(stage.y + from, dy);
  const __m256 positive = is_positive(z);
  add(stage.y + from, _mm256_and_ps(dy, positive));
  add(stage.flat + from, _mm256_andnot_ps(positive, dy));
  _mm256_storeu_ps(stage.dz + from,
                   _mm256_blendv_ps(_mm256_mul_ps(dy, _mm256_loadu_ps(slope + from)), dy, positive));
}

// Ends the sums of eight channels from `from` on. `products` is the sum if no bits differ.
template <bool kStreamed>
inline void store_sums(__m256i counts, __m256 products, int from, const OutputStage& stage) {
  const OutputTransform& t = stage.transform;
  const __m256 sum = _mm256_fnmadd_ps(_mm256_cvtepi32_ps(counts), _mm256_set1_ps(2.0f), products);
  __m256 scale = _mm256_loadu_ps(t.scale + from);
  if (t.gate != nullptr) scale = _mm256_mul_ps(scale, _mm256_loadu_ps(t.gate + from));
  const __m256 z = _mm256_mul_ps(sum, scale);
  if (stage.dy != nullptr) return add_dots(sum, z, from, stage);
  float* y = stage.y + from;
  const __m256 own = prelu(z, t.sum_slope, from);
  if (t.residual == nullptr) return store<kStreamed>(y, own);
  const __m256 added = prelu(_mm256_loadu_ps(t.residual + from), t.residual_slope, from);
  store<kStreamed>(y,
                   t.sum_slope == nullptr ? _mm256_fmadd_ps(sum, scale, added) : _mm256_add_ps(own, added));
}

// Ends the sums of one image. Where the block has fewer channels than its registers, the stage works on a
// copy.
template <bool kHalf, bool kStreamed>
inline void store_image(WordCounts counts, __m256 products, int channels, const OutputStage& whole) {
  constexpr int width = kHalf ? kHalfBlock : kBlock;
  alignas(32) float copies[5][width];
  OutputStage stage = whole;
  if (channels < width) {
    const auto copied = [&](const float* from, float* to) -> float* {
      if (from == nullptr) return nullptr;
      std::memcpy(to, from, channels * sizeof(float));
      std::fill(to + channels, to + width, 0.0f);
      return to;
    };
    stage.y = copies[0];
    stage.transform.residual = copied(whole.transform.residual, copies[1]);
    stage.dy = copied(whole.dy, copies[1]);  // there is no residual then
    stage.transform.gate = copied(whole.transform.gate, copies[2]);
    stage.flat = copied(whole.flat, copies[3]);
    stage.dz = copies[4];
    if (whole.dy != nullptr) copied(whole.y, copies[0]);
  }
  if (kHalf) {
    // the two halves counted different input channels
    const __m128i first =
        _mm_add_epi16(_mm256_castsi256_si128(counts.low), _mm256_extracti128_si256(counts.low, 1));
    const __m128i second =
        _mm_add_epi16(_mm256_castsi256_si128(counts.high), _mm256_extracti128_si256(counts.high, 1));
    store_sums<kStreamed>(_mm256_cvtepu16_epi32(first), products, 0, stage);
    store_sums<kStreamed>(_mm256_cvtepu16_epi32(second), products, 8, stage);
  } else {
    const __m256i zero = _mm256_setzero_si256();
    store_sums<kStreamed>(_mm256_unpacklo_epi16(counts.low, zero), products, 0, stage);
    store_sums<kStreamed>(_mm256_unpackhi_epi16(counts.low, zero), products, 8, stage);
    store_sums<kStreamed>(_mm256_unpacklo_epi16(counts.high, zero), products, 16, stage);
    store_sums<kStreamed>(_mm256_unpackhi_epi16(counts.high, zero), products, 24, stage);
  }
  if (channels == width) return;
  std::memcpy(whole.y, stage.y, channels * sizeof(float));
  if (whole.flat == nullptr) return;
  std::memcpy(whole.flat, stage.flat, channels * sizeof(float));
  std::memcpy(whole.dz, stage.dz, channels * sizeof(float));
}

}  // namespace
}  // namespace bnn::avx2
