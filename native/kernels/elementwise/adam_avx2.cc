#include <cmath>

#include "implementations.h"
#include "kernels/folded_rows_avx2.h"

namespace bnn::avx2 {

void adam_step_avx2(const AdamStep& a) {
  const double correction1 = 1 - std::pow(static_cast<double>(a.beta1), static_cast<double>(a.step));
  const double correction2 = 1 - std::pow(static_cast<double>(a.beta2), static_cast<double>(a.step));
  const __m256 beta1 = _mm256_set1_ps(a.beta1);
  const __m256 beta2 = _mm256_set1_ps(a.beta2);
  const __m256 rest1 = _mm256_set1_ps(static_cast<float>(1 - static_cast<double>(a.beta1)));
  const __m256 rest2 = _mm256_set1_ps(static_cast<float>(1 - static_cast<double>(a.beta2)));
  const __m256 rate = _mm256_set1_ps(static_cast<float>(a.lr / correction1));
  const __m256 scale2 = _mm256_set1_ps(static_cast<float>(1 / correction2));
  const __m256 epsilon = _mm256_set1_ps(a.epsilon);
  const __m256 decay = _mm256_set1_ps(a.weight_decay);
  const __m256 low = _mm256_set1_ps(-a.clip);
  const __m256 high = _mm256_set1_ps(a.clip);
  FoldedRows rows(a.size / kLanes, kLanes);
  rows.rest = a.size - rows.count * rows.width;
  for_chunks(rows, [&](const Chunk& chunk) {
    each_vector(rows, chunk, false, [&](auto lanes, size_t i, size_t) {
      __m256 w = lanes.load(a.w + i);
      const __m256 g = _mm256_fmadd_ps(decay, w, lanes.load(a.gradient + i));
      const __m256 m = _mm256_fmadd_ps(beta1, lanes.load(a.m + i), _mm256_mul_ps(rest1, g));
      const __m256 v = _mm256_fmadd_ps(beta2, lanes.load(a.v + i), _mm256_mul_ps(_mm256_mul_ps(rest2, g), g));
      const __m256 deviation = _mm256_add_ps(_mm256_sqrt_ps(_mm256_mul_ps(v, scale2)), epsilon);
      w = _mm256_sub_ps(w, _mm256_div_ps(_mm256_mul_ps(rate, m), deviation));
      if (a.clip > 0) w = _mm256_min_ps(high, _mm256_max_ps(low, w));  // with w second, NaN stays NaN
      lanes.store(a.m + i, m);
      lanes.store(a.v + i, v);
      lanes.store(a.w + i, w);
    });
  });
}

}  // namespace bnn::avx2
