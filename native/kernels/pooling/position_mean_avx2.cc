#include "implementations.h"
#include "kernels/normalisation/prelu_avx2.h"
#include "kernels/pooling/blocks_avx2.h"
#include "scratch.h"

namespace bnn::avx2 {

void position_mean_avx2(const PositionMean& a) {
  const Blocks blocks(a.inner, 512);
  parallel_for(static_cast<int64_t>(blocks.count), [&](int64_t block) {
    const size_t start = blocks.start(block);
    const size_t width = blocks.width_of(block);
    Scratch scratch;
    const size_t padded = round_up_to_lanes(width);
    double* sums = scratch.take<double>(padded);
    float* run = scratch.take<float>(padded);
    std::fill(sums, sums + padded, 0.0);
    const float* slope = nullptr;
    if (a.slope != nullptr) {
      float* repeated = scratch.take<float>(padded);
      for (size_t i = 0; i < width; ++i) repeated[i] = a.slope[(start + i) % a.channels];
      slope = repeated;
    }
    add_rows<1>(a.positions, width, sums, run, [&](auto lanes, size_t position, size_t column) {
      return Terms<1>{{prelu(lanes.load(a.x + position * a.inner + start + column), slope, column)}};
    });
    for (size_t i = 0; i < width; ++i) a.y[start + i] = static_cast<float>(sums[i] / a.positions);
  });
}

void position_mean_backward_avx2(const PositionMeanBackward& a) {
  const Blocks blocks(a.inner, 16384);
  const size_t positions_of_task = std::max(16384 / std::max(a.inner, size_t{1}), size_t{1});
  const size_t ranges = (a.positions + positions_of_task - 1) / positions_of_task;
  const bool streamed = worth_streaming(a.dx, a.positions * a.inner) && a.inner % kLanes == 0;
  const __m256 by = _mm256_set1_ps(static_cast<float>(a.positions));
  parallel_for(static_cast<int64_t>(ranges * blocks.count), [&](int64_t task) {
    const size_t block = task % blocks.count;
    const size_t first = task / blocks.count * positions_of_task;
    const size_t start = blocks.start(block);
    for (size_t p = first; p < std::min(a.positions, first + positions_of_task); ++p) {
      const auto body = [&](auto lanes, size_t i) {
        lanes.store(a.dx + p * a.inner + start + i, _mm256_div_ps(lanes.load(a.dy + start + i), by));
      };
      if (streamed)
        for_vectors<StreamedLanes>(blocks.width_of(block), body);
      else
        for_vectors(blocks.width_of(block), body);
    }
    if (streamed) _mm_sfence();
  });
}

}  // namespace bnn::avx2
