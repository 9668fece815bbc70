#include "implementations.h"
#include "kernels/elementwise/runs_avx2.h"
#include "kernels/exponential_avx2.h"

namespace bnn::avx2 {
namespace {

template <class Slope>
void each(const SignSlope& a, const Slope& slope) {
  const bool streamed = worth_streaming(a.out, a.size) && a.out != a.dy && a.out != a.v;
  each_run(a.size, streamed, [&](auto lanes, size_t i) {
    lanes.store(a.out + i, slope(lanes.load(a.dy + i), lanes.load(a.v + i)));
  });
}

}  // namespace

void sign_slope_avx2(const SignSlope& a) {
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
