#include "implementations.h"
#include "kernels/elementwise/runs_avx2.h"
#include "kernels/exponential_avx2.h"

namespace bnn::avx2 {

void sigmoid_avx2(const Sigmoid& a) {
  each_run(a.size, false,
           [&](auto lanes, size_t i) { lanes.store(a.y + i, logistic(lanes.load(a.x + i)).value); });
}

void sigmoid_backward_avx2(const SigmoidBackward& a) {
  const __m256 one = _mm256_set1_ps(1);
  each_run(a.size, false, [&](auto lanes, size_t i) {
    const __m256 y = lanes.load(a.y + i);
    lanes.store(a.dx + i, _mm256_mul_ps(lanes.load(a.dy + i), _mm256_mul_ps(y, _mm256_sub_ps(one, y))));
  });
}

}  // namespace bnn::avx2
