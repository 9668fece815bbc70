// Gradients for which one pass is enough: each element of the gradient depends on no sum, and the sums over
// the rows are taken in the same pass.
#include "implementations.h"
#include "kernels/normalisation/prelu_avx2.h"
#include "scratch.h"

namespace bnn::avx2 {

void masked_gradient_avx2(const MaskedGradient& a) {
  const FoldedRows rows(a.rows, a.channels);
  Scratch scratch;
  double* totals = scratch.take<double>(rows.channels);
  sum_channels<1>(rows, totals, [&](const Chunk& chunk, Scratch& task_scratch) {
    return [&, bits = ChunkBits(rows, chunk, a.mask, task_scratch)](auto lanes, size_t offset, size_t) {
      const __m256 masked = _mm256_and_ps(lanes.load(a.dy + offset), bits.lanes(offset));
      lanes.store(a.dx + offset,
                  a.addend == nullptr ? masked : _mm256_add_ps(masked, lanes.load(a.addend + offset)));
      return Terms<1>{{masked}};
    };
  });
  for (size_t c = 0; c < rows.channels; ++c) a.sum[c] = static_cast<float>(totals[c]);
}

void channel_scale_backward_avx2(const ChannelScaleBackward& a) {
  const FoldedRows rows(a.rows, a.channels);
  Scratch scratch;
  double* totals = scratch.take<double>(rows.channels);
  float* scale = scratch.take<float>(rows.width);
  rows.repeat(a.scale, scale);
  sum_channels<1>(rows, totals, [&](const Chunk&, Scratch&) {
    return [&](auto lanes, size_t offset, size_t column) {
      const __m256 dy = lanes.load(a.dy + offset);
      const __m256 product = _mm256_mul_ps(dy, lanes.load(a.x + offset));
      lanes.store(a.dx + offset, _mm256_mul_ps(dy, _mm256_loadu_ps(scale + column)));
      return Terms<1>{{product}};
    };
  });
  for (size_t c = 0; c < rows.channels; ++c) a.dscale[c] = static_cast<float>(totals[c]);
}

void shifted_prelu_backward_avx2(const ShiftedPreluBackward& a) {
  const FoldedRows rows(a.rows, a.channels);
  Scratch scratch;
  double* totals = scratch.take<double>(3, rows.channels);
  float* before = scratch.take<float>(rows.width);
  float* slope = scratch.take<float>(rows.width);
  rows.repeat(a.before, before);
  rows.repeat(a.slope, slope);
  sum_channels<3>(rows, totals, [&](const Chunk&, Scratch&) {
    return [&](auto lanes, size_t offset, size_t column) {
      const __m256 dy = lanes.load(a.dy + offset);
      const __m256 v = _mm256_add_ps(lanes.load(a.x + offset), _mm256_loadu_ps(before + column));
      const __m256 positive = is_positive(v);
      const __m256 dx = _mm256_blendv_ps(_mm256_mul_ps(dy, _mm256_loadu_ps(slope + column)), dy, positive);
      lanes.store(a.dx + offset, dx);
      return Terms<3>{{dx, _mm256_andnot_ps(positive, _mm256_mul_ps(dy, v)), dy}};
    };
  });
  for (size_t c = 0; c < rows.channels; ++c) {
    a.dbefore[c] = static_cast<float>(totals[c]);
    a.dslope[c] = static_cast<float>(totals[rows.channels + c]);
    a.dafter[c] = static_cast<float>(totals[2 * rows.channels + c]);
  }
}

}  // namespace bnn::avx2
