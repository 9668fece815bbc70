#include <cmath>

#include "implementations.h"
#include "kernels/lanes_avx2.h"
#include "parallel.h"

namespace bnn::avx2 {
namespace {

// eˣ for x ≤ 0 with a relative error of about 1e-11, as 2ⁿ·eʳ with |r| ≤ ln 2 / 2 and a Taylor polynomial for
// eʳ. Below −104 it is 0 in float. NaN stays NaN.
__m256d exponential(__m256d x) {
  x = _mm256_max_pd(_mm256_set1_pd(-700), x);
  const __m256d n = _mm256_round_pd(_mm256_mul_pd(x, _mm256_set1_pd(1.4426950408889634)),
                                    _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m256d r = _mm256_fnmadd_pd(n, _mm256_set1_pd(0.6931471805599453), x);
  constexpr int degree = 9;
  __m256d sum = _mm256_set1_pd(1);
  for (int k = degree; k >= 1; --k)
    sum = _mm256_fmadd_pd(sum, _mm256_mul_pd(r, _mm256_set1_pd(1.0 / k)), _mm256_set1_pd(1));
  const __m256i exponent = _mm256_slli_epi64(_mm256_cvtepi32_epi64(_mm256_cvtpd_epi32(n)), 52);
  return _mm256_castsi256_pd(_mm256_add_epi64(_mm256_castpd_si256(sum), exponent));
}

struct Halves {
  __m256d low, high;
};

Halves widen(__m256 v) {
  return {_mm256_cvtps_pd(_mm256_castps256_ps128(v)), _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1))};
}

__m256 narrow(const Halves& h) { return _mm256_set_m128(_mm256_cvtpd_ps(h.high), _mm256_cvtpd_ps(h.low)); }

template <class Each>
Halves each_half(const Halves& h, const Each& body) {
  return {body(h.low), body(h.high)};
}

double total(__m256d v) {
  alignas(32) double values[4];
  _mm256_store_pd(values, v);
  return (values[0] + values[1]) + (values[2] + values[3]);
}

void softmax_row(const float* x, float* y, size_t classes, bool logarithm) {
  const float largest = *std::max_element(x, x + classes);
  const __m256d shift = _mm256_set1_pd(largest);
  const auto shifted = [&](__m256d v) { return _mm256_sub_pd(v, shift); };
  __m256d sums = _mm256_setzero_pd();
  for_vectors(classes, [&](auto lanes, size_t i) {
    const Halves e = each_half(widen(lanes.load(x + i)), [&](__m256d v) { return exponential(shifted(v)); });
    const __m256 values = lanes.keep(narrow(e));
    const Halves kept = widen(values);
    sums = _mm256_add_pd(sums, _mm256_add_pd(kept.low, kept.high));
    if (!logarithm) lanes.store(y + i, values);
  });
  const double sum = total(sums);
  const __m256d log_sum = _mm256_set1_pd(std::log(sum));
  const __m256d inverse = _mm256_set1_pd(1 / sum);
  for_vectors(classes, [&](auto lanes, size_t i) {
    const Halves result =
        logarithm ? each_half(widen(lanes.load(x + i)),
                              [&](__m256d v) { return _mm256_sub_pd(shifted(v), log_sum); })
                  : each_half(widen(lanes.load(y + i)), [&](__m256d v) { return _mm256_mul_pd(v, inverse); });
    lanes.store(y + i, narrow(result));
  });
}

}  // namespace

void softmax_avx2(const Softmax& a) {
  const size_t classes = a.classes;
  if (classes == 0) return;
  const size_t rows_of_task = std::max(4096 / classes, size_t{1});
  const size_t tasks = (a.rows + rows_of_task - 1) / rows_of_task;
  parallel_for(static_cast<int64_t>(tasks), [&](int64_t task) {
    const size_t last = std::min(a.rows, (task + 1) * rows_of_task);
    for (size_t row = task * rows_of_task; row < last; ++row)
      softmax_row(a.x + row * classes, a.y + row * classes, classes, a.logarithm);
  });
}

}  // namespace bnn::avx2
