// Eight floats at a time. A loop body is a function of the lanes that it works on, written once for any
// width: the last few floats of a row are masked.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/streaming.h"

namespace bnn::avx2 {

constexpr size_t kLanes = 8;

inline size_t round_up_to_lanes(size_t count) { return (count + kLanes - 1) / kLanes * kLanes; }

struct FullLanes {
  __m256 load(const float* p) const { return _mm256_loadu_ps(p); }
  void store(float* p, __m256 v) const { _mm256_storeu_ps(p, v); }
  __m256 keep(__m256 v) const { return v; }
};

// Stores that bypass the caches, so that the lines which they overwrite are not read. The addresses are
// aligned to 32 bytes, and the writer ends with _mm_sfence() so that other threads see what it wrote.
struct StreamedLanes : FullLanes {
  void store(float* p, __m256 v) const { _mm256_stream_ps(p, v); }
};

// The first `count` lanes. The others load 0, store nothing and add nothing to sums.
struct SomeLanes {
  __m256i on;

  explicit SomeLanes(size_t count)
      : on(_mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)),
                              _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))) {}
  __m256 load(const float* p) const { return _mm256_maskload_ps(p, on); }
  void store(float* p, __m256 v) const { _mm256_maskstore_ps(p, on, v); }
  __m256 keep(__m256 v) const { return _mm256_and_ps(v, _mm256_castsi256_ps(on)); }
};

// body(lanes, column) for the columns [0, width), eight at a time.
template <class Lanes = FullLanes, class Body>
inline void for_vectors(size_t width, const Body& body) {
  size_t column = 0;
  for (; column + kLanes <= width; column += kLanes) body(Lanes{}, column);
  if (column < width) body(SomeLanes(width - column), column);
}

inline __m256 magnitude(__m256 v) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), v); }

// All bits of lane i are set where bit i of the byte is 1.
inline __m256 lanes_of_bits(uint8_t byte) {
  const __m256i bits = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  const __m256i all = _mm256_set1_epi8(static_cast<char>(byte));
  return _mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_and_si256(all, bits), bits));
}

// Eight values for each of `Sums` sums.
template <size_t Sums>
struct Terms {
  __m256 v[Sums];
};

constexpr size_t kRunRows = 64;

// sums[s][column] += Σ term(lanes, row, column).v[s] over the rows. Four rows are added in pairs, the rows of
// a run in float and the runs in double, so that the error does not grow with the number of rows. `sums` and
// `run` are [Sums][width rounded up to lanes]; `run` is scratch memory.
template <size_t Sums, class Term>
void add_rows(size_t rows, size_t width, double* sums, float* run, const Term& term) {
  const size_t padded = round_up_to_lanes(width);
  const auto accumulate = [&](size_t s, size_t column, __m256 v) {
    float* p = run + s * padded + column;
    _mm256_storeu_ps(p, _mm256_add_ps(_mm256_loadu_ps(p), v));
  };
  for (size_t first = 0; first < rows; first += kRunRows) {
    const size_t last = std::min(rows, first + kRunRows);
    std::fill(run, run + Sums * padded, 0.0f);
    size_t row = first;
    for (; row + 4 <= last; row += 4)
      for_vectors(width, [&](auto lanes, size_t column) {
        const Terms<Sums> t0 = term(lanes, row, column);
        const Terms<Sums> t1 = term(lanes, row + 1, column);
        const Terms<Sums> t2 = term(lanes, row + 2, column);
        const Terms<Sums> t3 = term(lanes, row + 3, column);
        for (size_t s = 0; s < Sums; ++s)
          accumulate(
              s, column,
              lanes.keep(_mm256_add_ps(_mm256_add_ps(t0.v[s], t1.v[s]), _mm256_add_ps(t2.v[s], t3.v[s]))));
      });
    for (; row < last; ++row)
      for_vectors(width, [&](auto lanes, size_t column) {
        const Terms<Sums> t = term(lanes, row, column);
        for (size_t s = 0; s < Sums; ++s) accumulate(s, column, lanes.keep(t.v[s]));
      });
    for (size_t i = 0; i < Sums * padded; ++i) sums[i] += run[i];
  }
}

}  // namespace bnn::avx2
