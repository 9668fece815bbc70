// Popcounts of differing bits by table look-up, and their sums (forward_avx2.cc).
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/binary_conv/nibbles_avx2.h"

namespace bnn::avx2 {
namespace {

// Byte v of row (a | b << 4) is popcount(a ^ v) + 16 popcount(b ^ v).
struct PopcountRows {
  alignas(64) uint8_t rows[256][16];
};

constexpr int popcount4(int v) { return (v & 1) + (v >> 1 & 1) + (v >> 2 & 1) + (v >> 3 & 1); }

constexpr PopcountRows make_popcount_rows() {
  PopcountRows table{};
  for (int pair = 0; pair < 256; ++pair)
    for (int v = 0; v < 16; ++v)
      table.rows[pair][v] =
          static_cast<uint8_t>(popcount4((pair & 15) ^ v) | popcount4((pair >> 4) ^ v) << 4);
  return table;
}

constexpr PopcountRows kPopcounts = make_popcount_rows();

template <bool kHalf>
inline __m256i popcount_row(const uint16_t* x, int row, int pair) {
  const char* table = reinterpret_cast<const char*>(kPopcounts.rows);
  if (!kHalf) {
    const auto* entry = reinterpret_cast<const __m128i*>(table + x[row * kPairs + pair]);
    return _mm256_broadcastsi128_si256(_mm_load_si128(entry));
  }
  const auto* low = reinterpret_cast<const __m128i*>(table + x[2 * row * kPairs + pair]);
  const auto* high = reinterpret_cast<const __m128i*>(table + x[(2 * row + 1) * kPairs + pair]);
  return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_load_si128(low)), _mm_load_si128(high), 1);
}

// Counts of differing bits of kCount pairs of images: `both` is the sum of first + 16 second modulo 256,
// `second` the sum for the second images alone.
template <int kCount>
struct ByteCounts {
  __m256i both[kCount], second[kCount];

  inline void clear() {
    for (int p = 0; p < kCount; ++p) both[p] = second[p] = _mm256_setzero_si256();
  }
  inline void add(int p, __m256i counts) {
    both[p] = _mm256_add_epi8(both[p], counts);
    second[p] =
        _mm256_add_epi8(second[p], _mm256_and_si256(_mm256_srli_epi16(counts, 4), _mm256_set1_epi8(0x0f)));
  }
  // Adds two at once. The mean of the two high halves, 8 · (a + b), is exact, and shifting it moves no bit
  // into another byte.
  inline void add(int p, __m256i counts, __m256i more) {
    const __m256i low_half = _mm256_set1_epi8(0x0f);
    both[p] = _mm256_add_epi8(both[p], _mm256_add_epi8(counts, more));
    const __m256i mean =
        _mm256_avg_epu8(_mm256_andnot_si256(low_half, counts), _mm256_andnot_si256(low_half, more));
    second[p] = _mm256_add_epi8(second[p], _mm256_srli_epi16(mean, 3));
  }
  inline __m256i first(int p) const {
    const __m256i shifted = _mm256_slli_epi16(_mm256_and_si256(second[p], _mm256_set1_epi8(0x0f)), 4);
    return _mm256_sub_epi8(both[p], shifted);
  }
};

template <bool kHalf>
constexpr int kRowIndices = kHalf ? 2 * kPairs : kPairs;

// The counts of kRows rows, at most 3.
template <bool kHalf, int kRows>
inline __m256i look_up(const uint16_t* x, const uint8_t* w, int pair) {
  const auto* weights = reinterpret_cast<const __m256i*>(w);
  __m256i sum = _mm256_shuffle_epi8(popcount_row<kHalf>(x, 0, pair), _mm256_load_si256(weights));
#pragma GCC unroll 3
  for (int row = 1; row < kRows; ++row)
    sum = _mm256_add_epi8(
        sum, _mm256_shuffle_epi8(popcount_row<kHalf>(x, row, pair), _mm256_load_si256(weights + row)));
  return sum;
}

template <int kCount, bool kHalf>
inline void add_rows(ByteCounts<kCount>& counts, const uint16_t* x, const uint8_t* w, int rows) {
  constexpr int step = kRowIndices<kHalf>;
  for (; rows >= 6; rows -= 6, w += 6 * kBlock, x += 6 * step)
#pragma GCC unroll 4
    for (int p = 0; p < kCount; ++p)
      counts.add(p, look_up<kHalf, 3>(x, w, p), look_up<kHalf, 3>(x + 3 * step, w + 3 * kBlock, p));
  for (; rows >= 3; rows -= 3, w += 3 * kBlock, x += 3 * step)
#pragma GCC unroll 4
    for (int p = 0; p < kCount; ++p) counts.add(p, look_up<kHalf, 3>(x, w, p));
  for (; rows > 0; --rows, w += kBlock, x += step)
#pragma GCC unroll 4
    for (int p = 0; p < kCount; ++p) counts.add(p, look_up<kHalf, 1>(x, w, p));
}

// The 16-bit counts of one image, with channels in the order that unpacking leaves.
struct WordCounts {
  __m256i low, high;
};

inline WordCounts widen(__m256i bytes) {
  const __m256i zero = _mm256_setzero_si256();
  return {_mm256_unpacklo_epi8(bytes, zero), _mm256_unpackhi_epi8(bytes, zero)};
}

inline WordCounts operator+(const WordCounts& a, const WordCounts& b) {
  return {_mm256_add_epi16(a.low, b.low), _mm256_add_epi16(a.high, b.high)};
}

}  // namespace
}  // namespace bnn::avx2
