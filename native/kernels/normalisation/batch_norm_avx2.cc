#include "implementations.h"
#include "kernels/folded_rows_avx2.h"

namespace bnn::avx2 {

// One read. Each chunk sums d = x − shift and d² for each column of its folded rows, where the shift is the column's mean
// over the chunk's first rows, so that no digits cancel; then mean and squares are combined as by Chan, Golub and LeVeque
// (1983), in double and in the order of the chunks.
void run(const BatchNormStatistics& a) {
  const FoldedRows rows(a.rows, a.channels);
  const size_t width = rows.width;
  const size_t channels = rows.channels;
  const size_t chunks = rows.chunks(kMostPartials);
  constexpr size_t shift_rows = 16;
  double* partials = scratch<double>(kPartialSlot, chunks * width * 7 / 2 + 1);
  float* runs = reinterpret_cast<float*>(partials + chunks * 2 * width);
  float* shifts = runs + chunks * 2 * width;
  parallel_for(static_cast<int64_t>(chunks), [&](int64_t task) {
    const Chunk chunk = rows.chunk(task, chunks);
    const size_t count = chunk.last - chunk.first;
    double* sums = partials + task * 2 * width;
    float* run = runs + task * 2 * width;
    float* shift = shifts + task * width;
    const float* x = a.x + chunk.first * width;
    std::fill(sums, sums + 2 * width, 0.0);
    const size_t sampled = std::min(count, shift_rows);
    add_rows<1>(sampled, width, sums, run, [&](auto lanes, size_t row, size_t column) {
      return Terms<1>{{lanes.load(x + row * width + column)}};
    });
    for (size_t i = 0; i < width; ++i) shift[i] = sampled == 0 ? 0.0f : static_cast<float>(sums[i] / sampled);
    std::fill(sums, sums + width, 0.0);
    add_rows<2>(count, width, sums, run, [&](auto lanes, size_t row, size_t column) {
      const __m256 d = _mm256_sub_ps(lanes.load(x + row * width + column), lanes.load(shift + column));
      return Terms<2>{{d, _mm256_mul_ps(d, d)}};
    });
  });

  const float* rest = a.x + rows.count * width;
  double* totals = scratch<double>(kCallSlot, 2 * channels);
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
  each_column([&](size_t c, double count, double shift, double sum, double) { mean[c] += count * shift + sum; });
  for (size_t i = 0; i < rows.rest; ++i) mean[i % channels] += rest[i];
  for (size_t c = 0; c < channels; ++c) mean[c] /= a.rows;
  each_column([&](size_t c, double count, double shift, double sum, double square) {
    const double own_mean = sum / count;
    const double away = shift + own_mean - mean[c];
    squares[c] += std::max(square - sum * own_mean, 0.0) + count * away * away;
  });
  for (size_t i = 0; i < rows.rest; ++i) {
    const double away = rest[i] - mean[i % channels];
    squares[i % channels] += away * away;
  }
  for (size_t c = 0; c < channels; ++c) {
    a.mean[c] = static_cast<float>(mean[c]);
    a.variance[c] = static_cast<float>(squares[c] / a.rows);
  }
}

// Two reads: the sums, then dx = slope · dy + (x − mean) · tilt + level with factors of the channel.
void run(const BatchNormBackward& a) {
  const FoldedRows rows(a.rows, a.channels);
  const size_t width = rows.width;
  const size_t channels = rows.channels;
  double* totals = scratch<double>(kCallSlot, 2 * channels + 2 * width);
  float* mean = reinterpret_cast<float*>(totals + 2 * channels);
  float* slope = mean + width;
  float* tilt = slope + width;
  float* level = tilt + width;
  rows.repeat(a.mean, mean);

  const auto upstream = [&](auto lanes, const ChunkBits& bits, size_t offset) {
    const __m256 dy = lanes.load(a.dy + offset);
    return bits ? _mm256_and_ps(dy, bits.lanes(offset)) : dy;
  };
  sum_channels<2>(rows, totals, [&](const Chunk& chunk) {
    return [&, bits = ChunkBits(rows, chunk, a.mask)](auto lanes, size_t offset, size_t column) {
      const __m256 dy = upstream(lanes, bits, offset);
      const __m256 centred = _mm256_sub_ps(lanes.load(a.x + offset), FullLanes{}.load(mean + column));
      return Terms<2>{{dy, _mm256_mul_ps(dy, centred)}};
    };
  });
  for (size_t c = 0; c < channels; ++c) {
    const double inverse = a.inverse_deviation[c];
    const double dbeta = totals[c];
    const double dgamma = totals[channels + c] * inverse;
    const double factor = a.gamma[c] * inverse;
    a.dbeta[c] = static_cast<float>(dbeta);
    a.dgamma[c] = static_cast<float>(dgamma);
    for (size_t i = c; i < width; i += channels) {
      slope[i] = static_cast<float>(factor);
      tilt[i] = static_cast<float>(-factor * inverse * dgamma / a.rows);
      level[i] = static_cast<float>(-factor * dbeta / a.rows);
    }
  }

  const bool streamed = worth_streaming(a.dx, rows.size()) && a.dx != a.dy && a.dx != a.addend;
  for_chunks(rows, [&](const Chunk& chunk) {
    const ChunkBits bits(rows, chunk, a.mask);
    each_vector(rows, chunk, streamed, [&](auto lanes, size_t offset, size_t column) {
      const FullLanes all;
      const __m256 centred = _mm256_sub_ps(lanes.load(a.x + offset), all.load(mean + column));
      const __m256 corrections = _mm256_fmadd_ps(centred, all.load(tilt + column), all.load(level + column));
      __m256 dx = _mm256_fmadd_ps(upstream(lanes, bits, offset), all.load(slope + column), corrections);
      if (a.addend != nullptr) dx = _mm256_add_ps(dx, lanes.load(a.addend + offset));
      lanes.store(a.dx + offset, dx);
    });
  });
}

}  // namespace bnn::avx2
