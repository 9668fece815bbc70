#include "implementations.h"
#include "kernels/folded_rows_avx2.h"
#include "scratch.h"

namespace bnn::avx2 {
namespace {

template <class Operation>
void each(const Elementwise& a, const Operation& operation) {
  // Without a period y is read at the offset of x.
  const size_t period = a.y_period == 0 ? kLanes : a.y_period;
  FoldedRows rows(a.size / period, period);
  rows.rest = a.size - rows.count * rows.width;
  Scratch scratch;
  const float* repeated = nullptr;
  if (a.y_period != 0) {
    float* copies = scratch.take<float>(rows.width);
    rows.repeat(a.y, copies);
    repeated = copies;
  }
  const bool streamed = worth_streaming(a.out, a.size) && a.out != a.x && a.out != a.y;
  for_chunks(rows, [&](const Chunk& chunk) {
    each_vector(rows, chunk, streamed, [&](auto lanes, size_t offset, size_t column) {
      const __m256 y = repeated == nullptr ? lanes.load(a.y + offset) : _mm256_loadu_ps(repeated + column);
      lanes.store(a.out + offset, operation(lanes.load(a.x + offset), y));
    });
  });
}

inline __m256 keep_nan(__m256 x, __m256 chosen) {
  return _mm256_blendv_ps(chosen, x, _mm256_cmp_ps(x, x, _CMP_UNORD_Q));
}

}  // namespace

// _mm256_max_ps and _mm256_min_ps return the second operand when one is NaN. A NaN in x must stay NaN too.
void elementwise_avx2(const Elementwise& a) {
  switch (a.operation) {
    case Binary::kAdd:
      return each(a, [](__m256 x, __m256 y) { return _mm256_add_ps(x, y); });
    case Binary::kSubtract:
      return each(a, [](__m256 x, __m256 y) { return _mm256_sub_ps(x, y); });
    case Binary::kMultiply:
      return each(a, [](__m256 x, __m256 y) { return _mm256_mul_ps(x, y); });
    case Binary::kDivide:
      return each(a, [](__m256 x, __m256 y) { return _mm256_div_ps(x, y); });
    case Binary::kMaximum:
      return each(a, [](__m256 x, __m256 y) { return keep_nan(x, _mm256_max_ps(x, y)); });
    case Binary::kMinimum:
      return each(a, [](__m256 x, __m256 y) { return keep_nan(x, _mm256_min_ps(x, y)); });
  }
}

}  // namespace bnn::avx2
