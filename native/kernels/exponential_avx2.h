// eˣ, σ and tanh of eight floats.
#pragma once

#include "kernels/lanes_avx2.h"

namespace bnn::avx2 {
namespace {

// eˣ for x ≤ 0 with a relative error of about 2e-7, as 2ⁿ·eʳ with |r| ≤ ln 2 / 2 and a Taylor polynomial for
// eʳ. Below −87 it is 0. NaN stays NaN.
inline __m256 exponential(__m256 x) {
  const __m256 low = _mm256_set1_ps(-87);
  const __m256 reached = _mm256_cmp_ps(x, low, _CMP_NLT_UQ);
  x = _mm256_max_ps(low, x);
  const __m256 n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504f)),
                                   _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  // ln 2 in two parts; the product of n and the first is exact.
  __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693359375f), x);
  r = _mm256_fnmadd_ps(n, _mm256_set1_ps(-2.12194440e-4f), r);
  constexpr int degree = 7;
  __m256 sum = _mm256_set1_ps(1);
  for (int k = degree; k >= 1; --k)
    sum = _mm256_fmadd_ps(sum, _mm256_mul_ps(r, _mm256_set1_ps(1.0f / static_cast<float>(k))),
                          _mm256_set1_ps(1));
  const __m256i exponent = _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23);
  return _mm256_and_ps(_mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(sum), exponent)), reached);
}

// σ(z) and σ′(z), each with an error of about 3e-7 of its largest value.
struct Logistic {
  __m256 value, slope;
};

inline Logistic logistic(__m256 z) {
  const __m256 one = _mm256_set1_ps(1);
  const __m256 e = exponential(_mm256_sub_ps(_mm256_setzero_ps(), magnitude(z)));
  const __m256 inverse = _mm256_div_ps(one, _mm256_add_ps(one, e));
  const __m256 small = _mm256_mul_ps(e, inverse);
  return {_mm256_blendv_ps(inverse, small, z), _mm256_mul_ps(small, inverse)};
}

// tanh(z) = ±(1 − e) / (1 + e) with e = exp(−2|z|), with an absolute error of about 3e-7.
inline __m256 hyperbolic_tangent(__m256 z) {
  const __m256 one = _mm256_set1_ps(1);
  const __m256 sign = _mm256_and_ps(_mm256_set1_ps(-0.0f), z);
  const __m256 e = exponential(_mm256_mul_ps(_mm256_set1_ps(-2), magnitude(z)));
  return _mm256_or_ps(_mm256_div_ps(_mm256_sub_ps(one, e), _mm256_add_ps(one, e)), sign);
}

}  // namespace
}  // namespace bnn::avx2
