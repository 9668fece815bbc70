#include "implementations.h"
#include "kernels/attention/rows_avx2.h"
#include "kernels/exponential_avx2.h"
#include "scratch.h"

namespace bnn::avx2 {
namespace {

struct Factor {
  __m256 value, slope;  // along p · c
};

struct Product {
  Factor operator()(__m256 position, __m256 channel) const {
    return {_mm256_mul_ps(position, channel), _mm256_set1_ps(1)};
  }
};

struct Excitation {
  Factor operator()(__m256 position, __m256 channel) const {
    const Logistic s = logistic(_mm256_mul_ps(position, channel));
    return {_mm256_add_ps(_mm256_set1_ps(1), s.value), s.slope};
  }
};

template <class Form, class Width>
void multiply(const FactoredGate& a, Form factor, Width width) {
  const size_t channels = a.channels;
  for_row_pieces(a.positions * a.images, channels, [&](size_t row, size_t last) {
    for (size_t image = row % a.images; row < last; ++row, image = image + 1 == a.images ? 0 : image + 1) {
      const __m256 position = _mm256_set1_ps(a.of_positions[row]);
      for_row(width, channels, [&](auto lanes, size_t c) {
        const __m256 by = factor(position, lanes.load(a.of_channels + image * channels + c)).value;
        lanes.store(a.y + row * channels + c, _mm256_mul_ps(lanes.load(a.x + row * channels + c), by));
      });
    }
  });
}

template <class Form, class Width>
void differentiate(const FactoredGateBackward& a, Form factor, Width width) {
  const size_t channels = a.channels;
  for_image_blocks(a.images, channels, [&](size_t first, size_t images) {
    // The sums of an image start at a multiple of the lanes.
    const size_t padded = round_up_to_lanes(channels);
    Scratch scratch;
    RunningSums sums(scratch.take<double>(images, padded), images * padded, scratch);
    for (size_t p = 0; p < a.positions; ++p) {
      for (size_t n = 0; n < images; ++n) {
        const size_t row = p * a.images + first + n;
        const __m256 position = _mm256_set1_ps(a.of_positions[row]);
        __m256 of_position = _mm256_setzero_ps();
        for_row(width, channels, [&](auto lanes, size_t c) {
          const size_t i = row * channels + c;
          const __m256 channel = lanes.load(a.of_channels + (first + n) * channels + c);
          const __m256 dy = lanes.load(a.dy + i);
          const Factor by = factor(position, channel);
          const __m256 g = _mm256_mul_ps(_mm256_mul_ps(dy, lanes.load(a.x + i)), by.slope);
          lanes.store(a.dx + i, _mm256_mul_ps(dy, by.value));
          of_position = _mm256_fmadd_ps(g, channel, of_position);
          sums.add(n * padded + c, _mm256_mul_ps(g, position));
        });
        a.d_of_positions[row] = total(of_position);
      }
      if (p % kRunRows == kRunRows - 1) sums.close_run();
    }
    sums.close_run();
    for (size_t n = 0; n < images; ++n)
      std::copy(sums.totals + n * padded, sums.totals + n * padded + channels,
                a.d_of_channels + (first + n) * channels);
  });
}

}  // namespace

void factored_gate_avx2(const FactoredGate& a) {
  with_row_width(a.channels, [&](auto width) {
    if (a.form == FactorForm::kProduct)
      multiply(a, Product{}, width);
    else
      multiply(a, Excitation{}, width);
  });
}

void factored_gate_backward_avx2(const FactoredGateBackward& a) {
  with_row_width(a.channels, [&](auto width) {
    if (a.form == FactorForm::kProduct)
      differentiate(a, Product{}, width);
    else
      differentiate(a, Excitation{}, width);
  });
}

}  // namespace bnn::avx2
