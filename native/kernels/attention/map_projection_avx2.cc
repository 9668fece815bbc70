#include "implementations.h"
#include "kernels/attention/slopes_avx2.h"
#include "kernels/folded_rows_avx2.h"
#include "scratch.h"

namespace bnn::avx2 {
namespace {

// The filter as [outputs][channels], each weight times `by` of its channel, or times 1 where `by` is null.
void transpose_filter(const float* filter, size_t channels, size_t outputs, const float* by, float* to) {
  for (size_t k = 0; k < outputs; ++k)
    for (size_t c = 0; c < channels; ++c)
      to[k * channels + c] = filter[c * outputs + k] * (by == nullptr ? 1 : by[c]);
}

template <bool kScaled, class Width>
void project(const MapProjection& a, const float* filter, Width width) {
  const size_t channels = a.channels, outputs = a.outputs;
  for_image_blocks(a.images, channels, [&](size_t first, size_t images) {
    // The sums of an image start at a multiple of the lanes.
    const size_t padded = round_up_to_lanes(channels);
    Scratch scratch;
    RunningSums sums(scratch.take<double>(images, padded), images * padded, scratch);
    float* values = scratch.take<float>(padded);
    for (size_t p = 0; p < a.positions; ++p) {
      for (size_t n = 0; n < images; ++n) {
        const size_t row = p * a.images + first + n;
        for_row(width, channels, [&](auto lanes, size_t c) {
          const __m256 x = lanes.load(a.x + row * channels + c);
          sums.add(n * padded + c, x);
          _mm256_storeu_ps(
              values + c, kScaled ? _mm256_fmadd_ps(x, lanes.load(a.scale + c), lanes.load(a.shift + c)) : x);
        });
        for (size_t k = 0; k < outputs; ++k) {
          __m256 product = _mm256_setzero_ps();
          for_row(width, channels, [&](auto lanes, size_t c) {
            product =
                _mm256_fmadd_ps(_mm256_loadu_ps(values + c), lanes.load(filter + k * channels + c), product);
          });
          a.y[row * outputs + k] = total(product);
        }
      }
      if (p % kRunRows == kRunRows - 1) sums.close_run();
    }
    sums.close_run();
    for (size_t n = 0; n < images; ++n)
      for (size_t c = 0; c < channels; ++c)
        a.mean[(first + n) * channels + c] = static_cast<float>(sums.totals[n * padded + c] / a.positions);
  });
}

// products[k][c] = Σ dy[row, k]·(x[row, c] − mu[c]), and after them sums[k] = Σ dy[row, k]. Without a
// BatchNorm mu is 0.
template <class Width>
void sum_products(const MapProjectionBackward& a, const float* mu, double* products, Width width) {
  const size_t channels = a.channels, outputs = a.outputs, rows = a.positions * a.images,
               size = outputs * channels;
  const size_t chunks = std::max(std::min(rows * channels / 32768, kMostPartials), size_t{1});
  const size_t padded = round_up_to_lanes(channels);
  const size_t of_sums = outputs * padded, memory = of_sums + outputs;
  Scratch scratch;
  double* partials = scratch.take<double>(chunks, memory);
  parallel_for(static_cast<int64_t>(chunks), [&](int64_t chunk) {
    Scratch task_scratch;
    RunningSums sums(partials + chunk * memory, of_sums, task_scratch);
    double* plain = partials + chunk * memory + of_sums;
    std::fill(plain, plain + outputs, 0.0);
    const size_t last = rows * (chunk + 1) / chunks;
    for (size_t row = rows * chunk / chunks; row < last;) {
      for (const size_t end = std::min(last, row + kRunRows); row < end; ++row)
        for (size_t k = 0; k < outputs; ++k) {
          const float dy = a.dy[row * outputs + k];
          const __m256 by = _mm256_set1_ps(dy);
          plain[k] += dy;
          for_row(width, channels, [&](auto lanes, size_t c) {
            const __m256 centred = _mm256_sub_ps(lanes.load(a.x + row * channels + c), lanes.load(mu + c));
            sums.add(k * padded + c, _mm256_mul_ps(by, centred));
          });
        }
      sums.close_run();
    }
  });
  std::fill(products, products + size + outputs, 0.0);
  for (size_t chunk = 0; chunk < chunks; ++chunk)
    for (size_t k = 0; k < outputs; ++k) {
      const double* partial = partials + chunk * memory;
      for (size_t c = 0; c < channels; ++c) products[k * channels + c] += partial[k * padded + c];
      products[size + k] += partial[of_sums + k];
    }
}

template <bool kNormalised, class Width>
void spread(const MapProjectionBackward& a, const Slopes& s, const float* filter, Width width) {
  const size_t channels = a.channels, outputs = a.outputs;
  for_row_pieces(a.positions * a.images, channels, [&](size_t row, size_t last) {
    for (size_t image = row % a.images; row < last; ++row, image = image + 1 == a.images ? 0 : image + 1) {
      const float* level = s.level + image * channels;
      for_row(width, channels, [&](auto lanes, size_t c) {
        __m256 dx = lanes.load(level + c);
        if constexpr (kNormalised)
          dx = _mm256_fmadd_ps(lanes.load(a.x + row * channels + c), lanes.load(s.tilt + c), dx);
        for (size_t k = 0; k < outputs; ++k)
          dx = _mm256_fmadd_ps(_mm256_broadcast_ss(a.dy + row * outputs + k),
                               lanes.load(filter + k * channels + c), dx);
        lanes.store(a.dx + row * channels + c, dx);
      });
    }
  });
}

}  // namespace

void map_projection_avx2(const MapProjection& a) {
  const size_t channels = a.channels;
  Scratch scratch;
  float* filter = scratch.take<float>(a.outputs, channels);
  transpose_filter(a.filter, channels, a.outputs, nullptr, filter);
  with_row_width(channels, [&](auto width) {
    if (a.scale == nullptr)
      project<false>(a, filter, width);
    else
      project<true>(a, filter, width);
  });
}

void map_projection_backward_avx2(const MapProjectionBackward& a) {
  const size_t channels = a.channels, outputs = a.outputs, size = outputs * channels;
  Scratch scratch;
  const Slopes slopes(scratch.take<float>(Slopes::memory(a.images, channels)), channels);
  float* filter = scratch.take<float>(size);
  float* zeros = scratch.take<float>(channels);
  std::fill(zeros, zeros + channels, 0.0f);
  double* products = scratch.take<double>(size + outputs);
  const double* plain = products + size;
  double* sums = scratch.take<double>(2, channels);
  const bool is_normalised = a.gamma != nullptr;
  with_row_width(channels,
                 [&](auto width) { sum_products(a, is_normalised ? a.mu : zeros, products, width); });
  std::fill(sums, sums + 2 * channels, 0.0);
  for (size_t c = 0; c < channels; ++c) {
    const double scale = is_normalised ? static_cast<double>(a.gamma[c]) * a.inverse_deviation[c] : 1;
    const double shift = is_normalised ? a.beta[c] : 0;
    for (size_t k = 0; k < outputs; ++k) {
      const double product = products[k * channels + c];
      a.dfilter[c * outputs + k] = static_cast<float>(scale * product + shift * plain[k]);
      sums[c] += a.filter[c * outputs + k] * plain[k];
      sums[channels + c] += a.filter[c * outputs + k] * product;
    }
  }
  slopes_of(a, sums, slopes);
  transpose_filter(a.filter, channels, outputs, slopes.factor, filter);
  with_row_width(channels, [&](auto width) {
    if (is_normalised)
      spread<true>(a, slopes, filter, width);
    else
      spread<false>(a, slopes, filter, width);
  });
}

}  // namespace bnn::avx2
