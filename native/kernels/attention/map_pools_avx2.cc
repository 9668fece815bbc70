// Eight pictures at a time are transposed for what goes over the channels, so that no sum runs across a register.
#include <limits>

#include "implementations.h"
#include "kernels/attention/rows_avx2.h"
#include "kernels/folded_rows_avx2.h"
#include "kernels/transpose_avx2.h"

namespace bnn::avx2 {
namespace {

constexpr float kLeast = -std::numeric_limits<float>::infinity();

// The greatest of some values in each lane, and where it came first.
struct Greatest {
  __m256 value = _mm256_set1_ps(kLeast);
  __m256 place = _mm256_setzero_ps();

  void meet(__m256 v, float at) {
    const __m256 above = _mm256_cmp_ps(v, value, _CMP_GT_OQ);
    value = _mm256_blendv_ps(value, v, above);
    place = _mm256_blendv_ps(place, _mm256_set1_ps(at), above);
  }
};

// The poolings over the channels of one position, for `images` pictures from `row` = position · images + picture on.
template <bool kScaled>
void pool_channels(const MapPools& a, size_t row, size_t images) {
  const size_t channels = a.channels;
  for (size_t n = 0; n < images; n += kLanes) {
    const size_t count = std::min(images - n, kLanes);
    const float* from = a.x + (row + n) * channels;
    Greatest greatest;
    __m256 sum = _mm256_setzero_ps();
    for (size_t c = 0; c < channels; c += kLanes) {
      const size_t width = std::min(channels - c, kLanes);
      __m256 columns[kLanes];
      if (count == kLanes && width == kLanes) load_transposed(from + c, channels, columns);
      else load_transposed_edge(from + c, channels, static_cast<int>(count), static_cast<int>(width), columns);
      for (size_t i = 0; i < width; ++i) {
        __m256 v = columns[i];
        if constexpr (kScaled) v = _mm256_fmadd_ps(v, _mm256_set1_ps(a.scale[c + i]), _mm256_set1_ps(a.shift[c + i]));
        greatest.meet(v, static_cast<float>(c + i));
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
    if (count == kLanes) _mm256_storeu_ps(a.channel + row + n, greatest.place);
    else SomeLanes(count).store(a.channel + row + n, greatest.place);
  }
}

template <bool kScaled>
void pool(const MapPools& a) {
  const size_t channels = a.channels, inner = a.images * channels;
  for_image_blocks(a.images, channels, [&](size_t first, size_t images) {
    const size_t width = images * channels, start = first * channels, padded = round_up_to_lanes(width);
    const size_t of_sums = RunningSums::memory(width);
    double* memory = scratch<double>(kTaskSlot, of_sums + 2 * padded);
    RunningSums sums(memory, width);
    float* best = reinterpret_cast<float*>(memory + of_sums);
    float* place = best + padded;
    float* scale = place + padded;
    float* shift = scale + padded;
    std::fill(best, best + padded, kLeast);
    std::fill(place, place + padded, 0.0f);
    for (size_t n = 0; kScaled && n < images; ++n) {
      std::copy(a.scale, a.scale + channels, scale + n * channels);
      std::copy(a.shift, a.shift + channels, shift + n * channels);
    }
    for (size_t p = 0; p < a.positions; ++p) {
      const float* from = a.x + p * inner + start;
      for_vectors(width, [&](auto lanes, size_t i) {
        const __m256 x = lanes.load(from + i);
        __m256 v = x;
        if constexpr (kScaled) v = _mm256_fmadd_ps(x, _mm256_loadu_ps(scale + i), _mm256_loadu_ps(shift + i));
        Greatest greatest{_mm256_loadu_ps(best + i), _mm256_loadu_ps(place + i)};
        greatest.meet(v, static_cast<float>(p));
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

// What comes to v from the poolings over channels, for one row: the same for all, and more at one.
struct RowGradient {
  __m256 all, more, channel;

  RowGradient(const MapPoolsBackward& a, size_t row)
      : all(_mm256_set1_ps(a.d_of_channels[2 * row + 1] / static_cast<float>(a.channels))),
        more(_mm256_set1_ps(a.d_of_channels[2 * row])),
        channel(_mm256_set1_ps(a.channel[row])) {}

  __m256 at(size_t c) const {
    const __m256 here = _mm256_add_ps(_mm256_set1_ps(static_cast<float>(c)), _mm256_setr_ps(0, 1, 2, 3, 4, 5, 6, 7));
    return _mm256_add_ps(all, _mm256_and_ps(more, _mm256_cmp_ps(here, channel, _CMP_EQ_OQ)));
  }
};

// sums[c] = Σ q, sums[channels + c] = Σ q·(x − mu) of the gradients q that come by the poolings over channels.
void sum_row_gradients(const MapPoolsBackward& a, double* sums) {
  const size_t channels = a.channels, rows = a.positions * a.images;
  const size_t chunks = std::max(std::min(rows * channels / 32768, kMostPartials), size_t{1});
  const size_t memory = RunningSums::memory(channels);
  double* partials = scratch<double>(kPartialSlot, chunks * 2 * memory);
  parallel_for(static_cast<int64_t>(chunks), [&](int64_t chunk) {
    RunningSums plain(partials + chunk * 2 * memory, channels);
    RunningSums centred(partials + (chunk * 2 + 1) * memory, channels);
    size_t run = 0;
    for (size_t row = rows * chunk / chunks; row < rows * (chunk + 1) / chunks; ++row) {
      const RowGradient q(a, row);
      for_vectors(channels, [&](auto lanes, size_t c) {
        const __m256 here = lanes.keep(q.at(c));
        plain.add(c, here);
        centred.add(c, _mm256_mul_ps(here, _mm256_sub_ps(lanes.load(a.x + row * channels + c), lanes.load(a.mu + c))));
      });
      if (++run % kRunRows != 0) continue;
      plain.close_run();
      centred.close_run();
    }
    plain.close_run();
    centred.close_run();
  });
  std::fill(sums, sums + 2 * channels, 0.0);
  for (size_t chunk = 0; chunk < chunks; ++chunk)
    for (size_t s = 0; s < 2; ++s)
      for (size_t c = 0; c < channels; ++c) sums[s * channels + c] += partials[(chunk * 2 + s) * memory + c];
}

// dx = x·tilt + level + factor·dv for each channel, with a level of its own for each picture: the gradient of the BatchNorm
// with its sums put in. Without a BatchNorm it is level + dv.
struct Slopes {
  float* tilt;    // [channels]
  float* factor;  // [channels]
  float* level;   // [images, channels]
};

void find_slopes(const MapPoolsBackward& a, const Slopes& s) {
  const size_t channels = a.channels, inner = a.images * channels;
  const float positions = static_cast<float>(a.positions);
  if (a.gamma == nullptr) {
    for (size_t i = 0; i < inner; ++i) s.level[i] = a.dmean[i] / positions;
    return;
  }
  double* sums = scratch<double>(kTaskSlot, 2 * channels);
  if (a.d_of_channels == nullptr) std::fill(sums, sums + 2 * channels, 0.0);
  else sum_row_gradients(a, sums);
  double* centred = sums + channels;
  for (size_t i = 0; i < inner;)
    for (size_t c = 0; c < channels; ++c, ++i) {
      sums[c] += static_cast<double>(a.dmean[i]) + a.dgreatest[i];
      centred[c] += a.dmean[i] * (static_cast<double>(a.mean[i]) - a.mu[c]) + a.dgreatest[i] * (static_cast<double>(a.greatest[i]) - a.mu[c]);
    }
  const double rows = static_cast<double>(a.positions * a.images);
  for (size_t c = 0; c < channels; ++c) {
    const double deviations = centred[c] * a.inverse_deviation[c];
    const double factor = static_cast<double>(a.gamma[c]) * a.inverse_deviation[c];
    const double tilt = -factor * a.inverse_deviation[c] * deviations / rows;
    a.dbeta[c] = static_cast<float>(sums[c]);
    a.dgamma[c] = static_cast<float>(deviations);
    s.factor[c] = static_cast<float>(factor);
    s.tilt[c] = static_cast<float>(tilt);
    // of every picture
    sums[c] = -factor * sums[c] / rows - a.mu[c] * tilt;
  }
  for (size_t i = 0; i < inner;)
    for (size_t c = 0; c < channels; ++c, ++i) s.level[i] = static_cast<float>(s.factor[c] * a.dmean[i] / positions + sums[c]);
}

template <bool kNormalised>
void spread(const MapPoolsBackward& a, const Slopes& s) {
  const size_t channels = a.channels, inner = a.images * channels;
  for_row_pieces(a.positions * a.images, channels, [&](size_t row, size_t last) {
    for (size_t image = row % a.images; row < last; ++row, image = image + 1 == a.images ? 0 : image + 1) {
      const float* level = s.level + image * channels;
      const auto each = [&](const auto& gradient) {
        for_vectors(channels, [&](auto lanes, size_t c) {
          const size_t i = row * channels + c;
          __m256 dx = lanes.load(level + c);
          if constexpr (kNormalised) dx = _mm256_fmadd_ps(lanes.load(a.x + i), lanes.load(s.tilt + c), dx);
          lanes.store(a.dx + i, gradient(lanes, c, dx));
        });
      };
      if (a.d_of_channels == nullptr) {
        each([](auto, size_t, __m256 dx) { return dx; });
        continue;
      }
      const RowGradient q(a, row);
      each([&](auto lanes, size_t c, __m256 dx) {
        return kNormalised ? _mm256_fmadd_ps(lanes.load(s.factor + c), q.at(c), dx) : _mm256_add_ps(dx, q.at(c));
      });
    }
  });
  for (size_t i = 0; i < inner;)
    for (size_t c = 0; c < channels; ++c, ++i)
      a.dx[static_cast<size_t>(a.place[i]) * inner + i] += kNormalised ? s.factor[c] * a.dgreatest[i] : a.dgreatest[i];
}

}  // namespace

void run(const MapPools& a) {
  if (a.scale == nullptr) pool<false>(a);
  else pool<true>(a);
}

void run(const MapPoolsBackward& a) {
  const size_t channels = a.channels;
  float* memory = scratch<float>(kCallSlot, (2 + a.images) * channels);
  const Slopes slopes{memory, memory + channels, memory + 2 * channels};
  find_slopes(a, slopes);
  if (a.gamma == nullptr) spread<false>(a, slopes);
  else spread<true>(a, slopes);
}

}  // namespace bnn::avx2
