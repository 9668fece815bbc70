// Maps [positions, images, channels] cut into blocks of images. A block is one task, so that a sum over
// positions or over channels is taken by one task.
#pragma once

#include <type_traits>

#include "kernels/pooling/blocks_avx2.h"
#include "scratch.h"

namespace bnn::avx2 {

// Enough floats at each position to reach the bandwidth of the memory, and few enough that there are tasks
// for all threads.
constexpr size_t kImageBlockFloats = 256;

inline Blocks image_blocks(size_t images, size_t channels) {
  return Blocks(images, std::max(kImageBlockFloats / std::max(channels, size_t{1}), size_t{1}));
}

// body(first image, images) for each block, in parallel.
template <class Body>
void for_image_blocks(size_t images, size_t channels, const Body& body) {
  const Blocks blocks = image_blocks(images, channels);
  parallel_for(static_cast<int64_t>(blocks.count),
               [&](int64_t block) { body(blocks.start(block), blocks.width_of(block)); });
}

// body(first row, last row) for pieces of rows of `channels` floats, in parallel. A row is not divided.
template <class Body>
void for_row_pieces(size_t rows, size_t channels, const Body& body) {
  const size_t piece = std::max(16384 / std::max(channels, size_t{1}), size_t{1});
  parallel_for(static_cast<int64_t>((rows + piece - 1) / piece),
               [&](int64_t task) { body(task * piece, std::min(rows, (task + 1) * piece)); });
}

// body(V) with V · 8 = channels as a compile-time constant for the usual numbers of channels, so that the
// loop over a row is unrolled, and V = 0 for others.
template <class Body>
void with_row_width(size_t channels, const Body& body) {
  switch (channels) {
    case 8:
      return body(std::integral_constant<size_t, 1>{});
    case 16:
      return body(std::integral_constant<size_t, 2>{});
    case 32:
      return body(std::integral_constant<size_t, 4>{});
    case 64:
      return body(std::integral_constant<size_t, 8>{});
    default:
      return body(std::integral_constant<size_t, 0>{});
  }
}

// for_vectors(channels, body) with the V that with_row_width gives.
template <class V, class Body>
inline void for_row(V, size_t channels, const Body& body) {
  if constexpr (V::value == 0) return for_vectors(channels, body);
#pragma GCC unroll 8
  for (size_t v = 0; v < V::value; ++v) body(FullLanes{}, v * kLanes);
}

// Sums in float within a run of terms, and in double over the runs.
struct RunningSums {
  size_t width, padded;
  double* totals;
  float* run;

  RunningSums(double* totals_, size_t width_, Scratch& scratch)
      : width(width_), padded(round_up_to_lanes(width_)), totals(totals_), run(scratch.take<float>(padded)) {
    std::fill(totals, totals + width, 0.0);
    std::fill(run, run + padded, 0.0f);
  }

  void add(size_t column, __m256 v) {
    _mm256_storeu_ps(run + column, _mm256_add_ps(_mm256_loadu_ps(run + column), v));
  }

  void close_run() {
    for (size_t i = 0; i < width; ++i) totals[i] += run[i];
    std::fill(run, run + padded, 0.0f);
  }
};

inline float total(__m256 v) {
  __m128 sum = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
  return _mm_cvtss_f32(_mm_add_ss(sum, _mm_shuffle_ps(sum, sum, 1)));
}

}  // namespace bnn::avx2
