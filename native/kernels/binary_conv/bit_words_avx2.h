// Sign words (sum_tables_avx2.h) of packed rows, along the rows and across them.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/binary_conv/sum_tables_avx2.h"

namespace bnn::avx2 {
namespace {

// The 64 bits from bit `first` on of a packed row of `words` words, with zeros after its end.
inline uint64_t bits_from(const uint32_t* row, size_t words, int first) {
  const size_t word = first / 32;
  const auto at = [&](size_t i) { return i < words ? static_cast<uint64_t>(row[i]) : 0; };
  const uint64_t low = at(word) | at(word + 1) << 32;
  const int shift = first % 32;
  return shift == 0 ? low : low >> shift | at(word + 2) << (64 - shift);
}

// Transposes 32×32 bits: columns[i] has bit i of each row.
inline void transpose_bits(const uint32_t* rows, uint32_t* columns) {
  alignas(32) uint8_t bytes[4][32];
  for (int i = 0; i < 32; ++i)
    for (int b = 0; b < 4; ++b) bytes[b][i] = static_cast<uint8_t>(rows[i] >> (8 * b));
  for (int b = 0; b < 4; ++b) {
    __m256i v = _mm256_load_si256(reinterpret_cast<const __m256i*>(bytes[b]));
    for (int bit = 7; bit >= 0; --bit, v = _mm256_add_epi8(v, v))
      columns[8 * b + bit] = static_cast<uint32_t>(_mm256_movemask_epi8(v));
  }
}

// The sign words of `columns` columns of at most kWordRows packed rows, which have `row_words` words each.
inline void make_column_words(const uint32_t* rows, size_t row_words, int row_count, int columns,
                              uint64_t* words) {
  for (int first = 0; first < columns; first += 32) {
    uint32_t halves[2][32] = {};
    for (int half = 0; half * 32 < row_count; ++half) {
      uint32_t taken[32] = {};
      for (int i = 0; i < 32 && half * 32 + i < row_count; ++i)
        taken[i] = rows[(half * 32 + i) * row_words + first / 32];
      transpose_bits(taken, halves[half]);
    }
    for (int column = 0; column < std::min(32, columns - first); ++column)
      words[first + column] = sign_word(halves[0][column] | static_cast<uint64_t>(halves[1][column]) << 32);
  }
}

}  // namespace
}  // namespace bnn::avx2
