#include "implementations.h"
#include "kernels/lanes_avx2.h"
#include "parallel.h"

namespace bnn::avx2 {

void straight_through_filter_avx2(const StraightThroughFilter& a) {
  const size_t channels = a.channels;
  const size_t rows_of_task = std::max(32768 / std::max(channels, size_t{1}), size_t{1});
  const __m256 one = _mm256_set1_ps(1.0f);
  const __m256 sign_bit = _mm256_set1_ps(-0.0f);
  parallel_for(static_cast<int64_t>((a.rows + rows_of_task - 1) / rows_of_task), [&](int64_t task) {
    const size_t first = task * rows_of_task;
    const size_t last = std::min(a.rows, first + rows_of_task);
    for (size_t row = first; row < last; ++row)
      for_vectors(channels, [&](auto lanes, size_t k) {
        const size_t i = row * channels + k;
        const __m256 passes =
            _mm256_cmp_ps(_mm256_andnot_ps(sign_bit, lanes.load(a.latent + i)), one, _CMP_LE_OQ);
        lanes.store(a.dw + i,
                    _mm256_and_ps(passes, _mm256_mul_ps(lanes.load(a.scale + k), lanes.load(a.dw + i))));
      });
  });
}

}  // namespace bnn::avx2
