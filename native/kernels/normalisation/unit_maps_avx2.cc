// Each sample is one task. Its squares are summed in double; then it is scaled, and where channels come first
// it is transposed in blocks of 8 channels × 8 pixels.
#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "implementations.h"
#include "kernels/transpose_avx2.h"
#include "parallel.h"

namespace bnn::avx2 {
namespace {

constexpr size_t kWidth = 8;

double sum_of_squares(const float* x, size_t size) {
  __m256d low = _mm256_setzero_pd();
  __m256d high = _mm256_setzero_pd();
  size_t i = 0;
  for (; i + kWidth <= size; i += kWidth) {
    const __m256d a = _mm256_cvtps_pd(_mm_loadu_ps(x + i));
    const __m256d b = _mm256_cvtps_pd(_mm_loadu_ps(x + i + 4));
    low = _mm256_fmadd_pd(a, a, low);
    high = _mm256_fmadd_pd(b, b, high);
  }
  alignas(32) double lanes[4];
  _mm256_store_pd(lanes, _mm256_add_pd(low, high));
  double sum = (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
  for (; i < size; ++i) sum += static_cast<double>(x[i]) * x[i];
  return sum;
}

void scale(const float* x, size_t size, float factor, float* y) {
  const __m256 factors = _mm256_set1_ps(factor);
  size_t i = 0;
  for (; i + kWidth <= size; i += kWidth)
    _mm256_storeu_ps(y + i, _mm256_mul_ps(_mm256_loadu_ps(x + i), factors));
  for (; i < size; ++i) y[i] = x[i] * factor;
}

// x [channels, pixels] to y [pixels, channels]
void scale_transposed(const float* x, size_t pixels, size_t channels, float factor, float* y) {
  const __m256 factors = _mm256_set1_ps(factor);
  for (size_t pixel = 0; pixel < pixels; pixel += kWidth) {
    const size_t width = std::min(kWidth, pixels - pixel);
    for (size_t channel = 0; channel < channels; channel += kWidth) {
      const size_t height = std::min(kWidth, channels - channel);
      const float* from = x + channel * pixels + pixel;
      float* to = y + pixel * channels + channel;
      __m256 columns[kWidth];
      if (height == kWidth && width == kWidth) {
        load_transposed(from, pixels, columns);
        for (size_t i = 0; i < kWidth; ++i)
          _mm256_storeu_ps(to + i * channels, _mm256_mul_ps(columns[i], factors));
        continue;
      }
      load_transposed_edge(from, pixels, static_cast<int>(height), static_cast<int>(width), columns);
      for (size_t i = 0; i < width; ++i) {
        alignas(32) float lanes[kWidth];
        _mm256_store_ps(lanes, _mm256_mul_ps(columns[i], factors));
        std::memcpy(to + i * channels, lanes, height * sizeof(float));
      }
    }
  }
}

}  // namespace

void unit_maps_avx2(const UnitMaps& a) {
  const size_t size = a.pixels * a.channels;
  parallel_for(static_cast<int64_t>(a.samples), [&](int64_t sample) {
    const float* x = a.x + sample * size;
    float* y = a.y + sample * size;
    const double squares = sum_of_squares(x, size);
    const float factor = squares == 0 ? 0 : static_cast<float>(std::sqrt(size / squares));
    if (a.channels_first)
      scale_transposed(x, a.pixels, a.channels, factor, y);
    else
      scale(x, size, factor, y);
  });
}

}  // namespace bnn::avx2
