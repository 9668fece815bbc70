#include <cmath>

#include "implementations.h"
#include "kernels/folded_rows_avx2.h"

namespace bnn::avx2 {
namespace {

// eˣ for x ≤ 0 to about 2e-7 relative, 0 below −87: 2ⁿ·eʳ with |r| ≤ ln 2 / 2 and a Taylor polynomial for eʳ. NaN stays
// NaN.
inline __m256 exponential(__m256 x) {
  const __m256 low = _mm256_set1_ps(-87);
  const __m256 reached = _mm256_cmp_ps(x, low, _CMP_NLT_UQ);
  x = _mm256_max_ps(low, x);
  const __m256 n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  // ln 2 in two parts, of which the first times n is exact
  __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693359375f), x);
  r = _mm256_fnmadd_ps(n, _mm256_set1_ps(-2.12194440e-4f), r);
  constexpr int degree = 7;
  __m256 sum = _mm256_set1_ps(1);
  for (int k = degree; k >= 1; --k)
    sum = _mm256_fmadd_ps(sum, _mm256_mul_ps(r, _mm256_set1_ps(1.0f / static_cast<float>(k))), _mm256_set1_ps(1));
  const __m256i exponent = _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23);
  return _mm256_and_ps(_mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(sum), exponent)), reached);
}

template <class Slope>
void each(const SignSlope& a, const Slope& slope) {
  FoldedRows rows(a.size / kLanes, kLanes);
  rows.rest = a.size - rows.count * rows.width;
  const bool streamed = worth_streaming(a.out, a.size) && a.out != a.dy && a.out != a.v;
  for_chunks(rows, [&](const Chunk& chunk) {
    each_vector(rows, chunk, streamed, [&](auto lanes, size_t i, size_t) {
      lanes.store(a.out + i, slope(lanes.load(a.dy + i), lanes.load(a.v + i)));
    });
  });
}

}  // namespace

void run(const SignSlope& a) {
  const __m256 one = _mm256_set1_ps(1);
  if (a.t > 0) {
    // 1 − tanh²(z) = 4e / (1 + e)² with e = exp(−2|z|)
    const __m256 inner = _mm256_set1_ps(-2 * a.t);
    const __m256 outer = _mm256_set1_ps(4 * (a.t > 1 ? a.t : 1));
    return each(a, [=](__m256 dy, __m256 v) {
      const __m256 e = exponential(_mm256_mul_ps(inner, magnitude(v)));
      const __m256 root = _mm256_add_ps(one, e);
      return _mm256_mul_ps(dy, _mm256_div_ps(_mm256_mul_ps(outer, e), _mm256_mul_ps(root, root)));
    });
  }
  const __m256 two = _mm256_set1_ps(2);
  each(a, [=](__m256 dy, __m256 v) {
    const __m256 size = magnitude(v);
    const __m256 slope = _mm256_fnmadd_ps(two, size, two);
    return _mm256_and_ps(_mm256_mul_ps(dy, slope), _mm256_cmp_ps(size, one, _CMP_LE_OQ));
  });
}

}  // namespace bnn::avx2
