#include "implementations.h"
#include "kernels/normalisation/batch_norm_gradient_avx2.h"
#include "kernels/normalisation/prelu_avx2.h"
#include "reference/running_statistics.h"
#include "scratch.h"

namespace bnn::avx2 {

// One pass over x. Each chunk sums d = x − shift and d² for each column of its folded rows. The shift is the
// mean of the column over the first rows of the chunk, so that no digits cancel. Means and squares of the
// chunks are then combined in double, as by Chan, Golub and LeVeque (1983), in the order of the chunks.
void batch_norm_statistics_avx2(const BatchNormStatistics& a) {
  const FoldedRows rows(a.rows, a.channels);
  const size_t width = rows.width;
  const size_t channels = rows.channels;
  const size_t chunks = rows.chunks(kMostPartials);
  constexpr size_t shift_rows = 16;
  Scratch scratch;
  double* partials = scratch.take<double>(chunks, 2, width);
  float* shifts = scratch.take<float>(chunks, width);
  double* totals = scratch.take<double>(2, channels);
  float* slope = repeated_slope(rows, a.slope, scratch.take<float>(width));
  parallel_for(static_cast<int64_t>(chunks), [&](int64_t task) {
    const Chunk chunk = rows.chunk(task, chunks);
    const size_t count = chunk.last - chunk.first;
    double* sums = partials + task * 2 * width;
    Scratch task_scratch;
    float* run = task_scratch.take<float>(2, width);
    float* shift = shifts + task * width;
    const float* x = a.x + chunk.first * width;
    std::fill(sums, sums + 2 * width, 0.0);
    const size_t sampled = std::min(count, shift_rows);
    add_rows<1>(sampled, width, sums, run, [&](auto lanes, size_t row, size_t column) {
      return Terms<1>{{prelu(lanes.load(x + row * width + column), slope, column)}};
    });
    for (size_t i = 0; i < width; ++i) shift[i] = sampled == 0 ? 0.0f : static_cast<float>(sums[i] / sampled);
    std::fill(sums, sums + width, 0.0);
    add_rows<2>(count, width, sums, run, [&](auto lanes, size_t row, size_t column) {
      const __m256 v = prelu(lanes.load(x + row * width + column), slope, column);
      const __m256 d = _mm256_sub_ps(v, lanes.load(shift + column));
      return Terms<2>{{d, _mm256_mul_ps(d, d)}};
    });
  });

  const auto rest = [&](size_t i) {
    const float x = a.x[rows.count * width + i];
    return slope == nullptr || x > 0 ? x : slope[i] * x;
  };
  double* mean = totals;
  double* squares = totals + channels;
  std::fill(totals, totals + 2 * channels, 0.0);
  // body(channel, rows of the column, shift, Σd, Σd²) for each column of each chunk
  const auto each_column = [&](const auto& body) {
    for (size_t index = 0; index < chunks; ++index) {
      const Chunk chunk = rows.chunk(index, chunks);
      const double count = static_cast<double>(chunk.last - chunk.first);
      if (count == 0) continue;
      const double* sums = partials + index * 2 * width;
      const float* shift = shifts + index * width;
      for (size_t i = 0; i < width; i += channels)
        for (size_t c = 0; c < channels; ++c) body(c, count, shift[i + c], sums[i + c], sums[width + i + c]);
    }
  };
  each_column(
      [&](size_t c, double count, double shift, double sum, double) { mean[c] += count * shift + sum; });
  for (size_t i = 0; i < rows.rest; ++i) mean[i % channels] += rest(i);
  for (size_t c = 0; c < channels; ++c) mean[c] /= a.rows;
  each_column([&](size_t c, double count, double shift, double sum, double square) {
    const double own_mean = sum / count;
    const double away = shift + own_mean - mean[c];
    squares[c] += std::max(square - sum * own_mean, 0.0) + count * away * away;
  });
  for (size_t i = 0; i < rows.rest; ++i) {
    const double away = rest(i) - mean[i % channels];
    squares[i % channels] += away * away;
  }
  for (size_t c = 0; c < channels; ++c) {
    a.mean[c] = static_cast<float>(mean[c]);
    a.variance[c] = static_cast<float>(squares[c] / a.rows);
  }
  move_running(a);
}

// Two passes: the first computes the sums, the second dx, and with a slope the gradient of the PReLU.
void batch_norm_backward_avx2(const BatchNormBackward& a) {
  const FoldedRows rows(a.rows, a.channels);
  const size_t width = rows.width;
  const size_t channels = rows.channels;
  const size_t table = a.image_dy == nullptr ? 0 : ImageValues::table_size(rows, a.images);
  Scratch scratch;
  double* totals = scratch.take<double>(2, channels);
  NormGradient norm(rows, a.mean, scratch.take<float>(NormGradient::floats(rows)));
  const float* slope = repeated_slope(rows, a.slope, scratch.take<float>(width));
  const ImageValues images(rows, a.image_dy, a.images, scratch.take<float>(table));

  const auto masked = [&](auto lanes, const ChunkBits& bits, size_t offset) {
    const __m256 dy = lanes.load(a.dy + offset);
    if (!bits) return dy;
    // With a slope of 0 outside the mask the gradient is 0 there, even where dy is infinite or NaN.
    if (a.outer == 0) return _mm256_and_ps(dy, bits.lanes(offset));
    return _mm256_blendv_ps(_mm256_mul_ps(dy, _mm256_set1_ps(a.outer)), dy, bits.lanes(offset));
  };
  const auto upstream = [&](auto lanes, const ChunkBits& bits, size_t offset, size_t column) {
    const __m256 dy = masked(lanes, bits, offset);
    return images ? _mm256_add_ps(dy, lanes.load(images.at(offset, column))) : dy;
  };
  sum_channels<2>(rows, totals, [&](const Chunk& chunk, Scratch& task_scratch) {
    return
        [&, bits = ChunkBits(rows, chunk, a.mask, task_scratch)](auto lanes, size_t offset, size_t column) {
          const __m256 dy = upstream(lanes, bits, offset, column);
          if (a.upstream != nullptr) lanes.store(a.upstream + offset, dy);
          const __m256 x = prelu(lanes.load(a.x + offset), slope, column);
          return Terms<2>{{dy, _mm256_mul_ps(dy, norm.centred(x, column))}};
        };
  });
  norm.complete(a, totals, totals + channels);

  const auto gradient = [&](auto lanes, const ChunkBits& bits, size_t offset, size_t column, __m256 x) {
    const __m256 dy =
        a.upstream != nullptr ? lanes.load(a.upstream + offset) : upstream(lanes, bits, offset, column);
    const __m256 dx = norm.dx(dy, x, column);
    return a.addend == nullptr ? dx : _mm256_add_ps(dx, lanes.load(a.addend + offset));
  };
  if (slope == nullptr) {
    const bool streamed = worth_streaming(a.dx, rows.size()) && a.dx != a.dy && a.dx != a.addend;
    for_chunks(rows, [&](const Chunk& chunk) {
      Scratch task_scratch;
      const ChunkBits bits(rows, chunk, a.mask, task_scratch);
      each_vector(rows, chunk, streamed, [&](auto lanes, size_t offset, size_t column) {
        lanes.store(a.dx + offset, gradient(lanes, bits, offset, column, lanes.load(a.x + offset)));
      });
    });
    return;
  }
  sum_channels<1>(rows, totals, [&](const Chunk& chunk, Scratch& task_scratch) {
    return
        [&, bits = ChunkBits(rows, chunk, a.mask, task_scratch)](auto lanes, size_t offset, size_t column) {
          const __m256 v = lanes.load(a.x + offset);
          const __m256 positive = is_positive(v);
          const __m256 sloped = _mm256_loadu_ps(slope + column);
          const __m256 dx =
              gradient(lanes, bits, offset, column, _mm256_blendv_ps(_mm256_mul_ps(sloped, v), v, positive));
          lanes.store(a.dx + offset, _mm256_blendv_ps(_mm256_mul_ps(sloped, dx), dx, positive));
          return Terms<1>{{_mm256_andnot_ps(positive, _mm256_mul_ps(dx, v))}};
        };
  });
  for (size_t c = 0; c < channels; ++c) a.dslope[c] = static_cast<float>(totals[c]);
}

}  // namespace bnn::avx2
