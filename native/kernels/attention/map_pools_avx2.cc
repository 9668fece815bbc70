// For the pools over channels eight images at a time are transposed, so that no sum runs across a register.
#include <limits>

#include "implementations.h"
#include "kernels/attention/slopes_avx2.h"
#include "kernels/folded_rows_avx2.h"
#include "kernels/transpose_avx2.h"
#include "scratch.h"

namespace bnn::avx2 {
namespace {

constexpr float kLeast = -std::numeric_limits<float>::infinity();

// The greatest of some values in each lane, and the first place where it was.
struct Greatest {
  __m256 value = _mm256_set1_ps(kLeast);
  __m256 place = _mm256_setzero_ps();

  void meet(__m256 v, __m256 at) {
    const __m256 above = _mm256_cmp_ps(v, value, _CMP_GT_OQ);
    value = _mm256_blendv_ps(value, v, above);
    place = _mm256_blendv_ps(place, at, above);
  }
};

// The pools over the channels of one position, for `images` images from `row` = position · images + image on.
template <bool kScaled>
void pool_channels(const MapPools& a, size_t row, size_t images) {
  const size_t channels = a.channels;
  for (size_t n = 0; n < images; n += kLanes) {
    const size_t count = std::min(images - n, kLanes);
    const float* from = a.x + (row + n) * channels;
    Greatest greatest;
    __m256 sum = _mm256_setzero_ps();
    __m256 channel = _mm256_setzero_ps();
    for (size_t c = 0; c < channels; c += kLanes) {
      const size_t width = std::min(channels - c, kLanes);
      __m256 columns[kLanes];
      if (count == kLanes && width == kLanes)
        load_transposed(from + c, channels, columns);
      else
        load_transposed_edge(from + c, channels, static_cast<int>(count), static_cast<int>(width), columns);
      for (size_t i = 0; i < width; ++i) {
        __m256 v = columns[i];
        if constexpr (kScaled)
          v = _mm256_fmadd_ps(v, _mm256_set1_ps(a.scale[c + i]), _mm256_set1_ps(a.shift[c + i]));
        greatest.meet(v, channel);
        channel = _mm256_add_ps(channel, _mm256_set1_ps(1));
        sum = _mm256_add_ps(sum, v);
      }
    }
    alignas(32) float best[kLanes], mean[kLanes];
    _mm256_store_ps(best, greatest.value);
    _mm256_store_ps(mean, _mm256_div_ps(sum, _mm256_set1_ps(static_cast<float>(channels))));
    for (size_t i = 0; i < count; ++i) {
      a.of_channels[2 * (row + n + i)] = best[i];
      a.of_channels[2 * (row + n + i) + 1] = mean[i];
    }
    if (count == kLanes)
      _mm256_storeu_ps(a.channel + row + n, greatest.place);
    else
      SomeLanes(count).store(a.channel + row + n, greatest.place);
  }
}

template <bool kScaled>
void pool(const MapPools& a) {
  const size_t channels = a.channels, inner = a.images * channels;
  for_image_blocks(a.images, channels, [&](size_t first, size_t images) {
    const size_t width = images * channels, start = first * channels, padded = round_up_to_lanes(width);
    Scratch scratch;
    RunningSums sums(scratch.take<double>(width), width, scratch);
    float* best = scratch.take<float>(padded);
    float* place = scratch.take<float>(padded);
    float* scale = scratch.take<float>(padded);
    float* shift = scratch.take<float>(padded);
    std::fill(best, best + padded, kLeast);
    std::fill(place, place + padded, 0.0f);
    for (size_t n = 0; kScaled && n < images; ++n) {
      std::copy(a.scale, a.scale + channels, scale + n * channels);
      std::copy(a.shift, a.shift + channels, shift + n * channels);
    }
    for (size_t p = 0; p < a.positions; ++p) {
      const float* from = a.x + p * inner + start;
      const __m256 here = _mm256_set1_ps(static_cast<float>(p));
      for_vectors(width, [&](auto lanes, size_t i) {
        const __m256 x = lanes.load(from + i);
        __m256 v = x;
        if constexpr (kScaled) v = _mm256_fmadd_ps(x, _mm256_loadu_ps(scale + i), _mm256_loadu_ps(shift + i));
        Greatest greatest{_mm256_loadu_ps(best + i), _mm256_loadu_ps(place + i)};
        greatest.meet(v, here);
        _mm256_storeu_ps(best + i, greatest.value);
        _mm256_storeu_ps(place + i, greatest.place);
        sums.add(i, x);
      });
      if (p % kRunRows == kRunRows - 1) sums.close_run();
      if (a.of_channels != nullptr) pool_channels<kScaled>(a, p * a.images + first, images);
    }
    sums.close_run();
    for (size_t i = 0; i < width; ++i) {
      a.mean[start + i] = static_cast<float>(sums.totals[i] / a.positions);
      a.place[start + i] = place[i];
      a.greatest[start + i] = a.x[static_cast<size_t>(place[i]) * inner + start + i];
    }
  });
}

// sums[c] = Σ q and sums[channels + c] = Σ q·(x − mu) over the gradients q that flow through the pools over
// channels. Each row has a share that is the same for all channels, and a gradient to the channel of its
// maximum.
template <class Width>
void sum_row_gradients(const MapPoolsBackward& a, double* sums, Width width) {
  const size_t channels = a.channels, rows = a.positions * a.images;
  const size_t chunks = std::max(std::min(rows * channels / 32768, kMostPartials), size_t{1});
  Scratch scratch;
  double* partials = scratch.take<double>(chunks, 2, channels);
  parallel_for(static_cast<int64_t>(chunks), [&](int64_t chunk) {
    double* plain = partials + chunk * 2 * channels;
    double* centred = plain + channels;
    Scratch task_scratch;
    RunningSums products(task_scratch.take<double>(channels), channels, task_scratch);
    std::fill(plain, plain + 2 * channels, 0.0);
    double shares = 0;
    const size_t last = rows * (chunk + 1) / chunks;
    for (size_t row = rows * chunk / chunks; row < last;) {
      for (const size_t end = std::min(last, row + kRunRows); row < end; ++row) {
        const float* x = a.x + row * channels;
        const float share = a.d_of_channels[2 * row + 1];
        const double more = a.d_of_channels[2 * row];
        const size_t channel = static_cast<size_t>(a.channel[row]);
        shares += share;
        plain[channel] += more;
        centred[channel] += more * (x[channel] - a.mu[channel]);
        const __m256 by = _mm256_set1_ps(share);
        for_row(width, channels, [&](auto lanes, size_t c) {
          products.add(c,
                       lanes.keep(_mm256_mul_ps(by, _mm256_sub_ps(lanes.load(x + c), lanes.load(a.mu + c)))));
        });
      }
      products.close_run();
    }
    for (size_t c = 0; c < channels; ++c) {
      plain[c] += shares / channels;
      centred[c] += products.totals[c] / channels;
    }
  });
  std::fill(sums, sums + 2 * channels, 0.0);
  for (size_t chunk = 0; chunk < chunks; ++chunk)
    for (size_t i = 0; i < 2 * channels; ++i) sums[i] += partials[chunk * 2 * channels + i];
}

void find_slopes(const MapPoolsBackward& a, const Slopes& s) {
  const size_t channels = a.channels, inner = a.images * channels;
  Scratch scratch;
  double* sums = scratch.take<double>(2, channels);
  std::fill(sums, sums + 2 * channels, 0.0);
  if (a.gamma != nullptr) {
    if (a.d_of_channels != nullptr)
      with_row_width(channels, [&](auto width) { sum_row_gradients(a, sums, width); });
    for (size_t i = 0; i < inner;)
      for (size_t c = 0; c < channels; ++c, ++i) {
        sums[c] += a.dgreatest[i];
        sums[channels + c] += a.dgreatest[i] * (static_cast<double>(a.greatest[i]) - a.mu[c]);
      }
  }
  slopes_of(a, sums, s);
}

template <bool kNormalised, class Width>
void spread(const MapPoolsBackward& a, const Slopes& s, Width width) {
  const size_t channels = a.channels, inner = a.images * channels;
  for_row_pieces(a.positions * a.images, channels, [&](size_t row, size_t last) {
    for (size_t image = row % a.images; row < last; ++row, image = image + 1 == a.images ? 0 : image + 1) {
      const float* level = s.level + image * channels;
      float* dx = a.dx + row * channels;
      const bool is_shared = a.d_of_channels != nullptr;
      const __m256 share =
          _mm256_set1_ps(is_shared ? a.d_of_channels[2 * row + 1] / static_cast<float>(a.channels) : 0);
      for_row(width, channels, [&](auto lanes, size_t c) {
        __m256 v = lanes.load(level + c);
        if constexpr (kNormalised)
          v = _mm256_fmadd_ps(lanes.load(a.x + row * channels + c), lanes.load(s.tilt + c), v);
        lanes.store(dx + c, _mm256_fmadd_ps(lanes.load(s.factor + c), share, v));
      });
      if (!is_shared) continue;
      const size_t channel = static_cast<size_t>(a.channel[row]);
      dx[channel] += s.factor[channel] * a.d_of_channels[2 * row];
    }
  });
  for (size_t i = 0; i < inner;)
    for (size_t c = 0; c < channels; ++c, ++i)
      a.dx[static_cast<size_t>(a.place[i]) * inner + i] += s.factor[c] * a.dgreatest[i];
}

}  // namespace

void map_pools_avx2(const MapPools& a) {
  if (a.scale == nullptr)
    pool<false>(a);
  else
    pool<true>(a);
}

void map_pools_backward_avx2(const MapPoolsBackward& a) {
  const size_t channels = a.channels;
  Scratch scratch;
  const Slopes slopes(scratch.take<float>(Slopes::memory(a.images, channels)), channels);
  find_slopes(a, slopes);
  with_row_width(channels, [&](auto width) {
    if (a.gamma == nullptr)
      spread<false>(a, slopes, width);
    else
      spread<true>(a, slopes, width);
  });
}

}  // namespace bnn::avx2
