#include "kernels/normalisation/prelu_avx2.h"
#include "implementations.h"
#include "scratch.h"

namespace bnn::avx2 {
namespace {

template <class Lanes>
__m256 load_sum(Lanes lanes, const float* x, const float* residual, size_t offset) {
  const __m256 v = lanes.load(x + offset);
  return residual == nullptr ? v : _mm256_add_ps(v, lanes.load(residual + offset));
}

}  // namespace

void add_prelu_avx2(const AddPrelu& a) {
  const FoldedRows rows(a.rows, a.channels);
  Scratch scratch;
  float* slope = scratch.take<float>(rows.width);
  rows.repeat(a.slope, slope);
  const bool streamed = worth_streaming(a.y, rows.size()) && a.y != a.x && a.y != a.residual;
  for_chunks(rows, [&](const Chunk& chunk) {
    each_vector(rows, chunk, streamed, [&](auto lanes, size_t offset, size_t column) {
      lanes.store(a.y + offset, prelu(load_sum(lanes, a.x, a.residual, offset), slope, column));
    });
  });
}

// One pass: the function that gives a term of dslope also stores its part of dv.
void prelu_backward_avx2(const PreluBackward& a) {
  const FoldedRows rows(a.rows, a.channels);
  Scratch scratch;
  double* totals = scratch.take<double>(rows.channels);
  float* slope = scratch.take<float>(rows.width);
  rows.repeat(a.slope, slope);
  sum_channels<1>(rows, totals, [&](const Chunk&, Scratch&) {
    return [&](auto lanes, size_t offset, size_t column) {
      const __m256 v = load_sum(lanes, a.x, a.residual, offset);
      const __m256 dy = lanes.load(a.dy + offset);
      const __m256 positive = is_positive(v);
      lanes.store(a.dv + offset,
                  _mm256_blendv_ps(_mm256_mul_ps(_mm256_loadu_ps(slope + column), dy), dy, positive));
      return Terms<1>{{_mm256_andnot_ps(positive, _mm256_mul_ps(dy, v))}};
    };
  });
  for (size_t c = 0; c < rows.channels; ++c) a.dslope[c] = static_cast<float>(totals[c]);
}

}  // namespace bnn::avx2
