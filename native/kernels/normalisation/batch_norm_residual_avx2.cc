// The end of a block whose BatchNorm comes before the sum with the shortcut. The sum v is never in memory:
// the gradient computes it again from the input of the BatchNorm and the shortcut.
#include "implementations.h"
#include "kernels/normalisation/batch_norm_gradient_avx2.h"
#include "kernels/normalisation/prelu_avx2.h"
#include "scratch.h"

namespace bnn::avx2 {
namespace {

// v = x · scale + shift + residual
class ResidualSum {
 public:
  // `memory` has floats(rows) floats.
  template <class Args>
  ResidualSum(const FoldedRows& rows, const Args& a, float* memory)
      : scale_(memory), shift_(memory + rows.width), residual_(a.residual) {
    rows.repeat(a.scale, memory);
    rows.repeat(a.shift, memory + rows.width);
  }

  static size_t floats(const FoldedRows& rows) { return 2 * rows.width; }

  template <class Lanes>
  __m256 at(Lanes lanes, __m256 x, size_t offset, size_t column) const {
    const __m256 v = _mm256_fmadd_ps(x, _mm256_loadu_ps(scale_ + column), _mm256_loadu_ps(shift_ + column));
    return residual_ == nullptr ? v : _mm256_add_ps(v, lanes.load(residual_ + offset));
  }

 private:
  const float* scale_;
  const float* shift_;
  const float* residual_;
};

}  // namespace

void channel_affine_residual_avx2(const ChannelAffineResidual& a) {
  const FoldedRows rows(a.rows, a.channels);
  Scratch scratch;
  const ResidualSum sum(rows, a, scratch.take<float>(ResidualSum::floats(rows)));
  float* before = scratch.take<float>(rows.width);
  const float* slope = repeated_slope(rows, a.slope, scratch.take<float>(rows.width));
  float* after = scratch.take<float>(rows.width);
  if (slope != nullptr) {
    rows.repeat(a.before, before);
    rows.repeat(a.after, after);
  }
  const bool streamed = worth_streaming(a.y, rows.size()) && a.y != a.x && a.y != a.residual;
  for_chunks(rows, [&](const Chunk& chunk) {
    each_vector(rows, chunk, streamed, [&](auto lanes, size_t offset, size_t column) {
      const __m256 v = sum.at(lanes, lanes.load(a.x + offset), offset, column);
      if (slope == nullptr) return lanes.store(a.y + offset, v);
      const __m256 activated = prelu(_mm256_add_ps(v, _mm256_loadu_ps(before + column)), slope, column);
      lanes.store(a.y + offset, _mm256_add_ps(activated, _mm256_loadu_ps(after + column)));
    });
  });
}

// Two passes: the first computes upstream and the sums, the second dx from upstream.
void batch_norm_residual_backward_avx2(const BatchNormResidualBackward& a) {
  const FoldedRows rows(a.rows, a.channels);
  const size_t width = rows.width;
  const size_t channels = rows.channels;
  Scratch scratch;
  double* totals = scratch.take<double>(4, channels);
  NormGradient norm(rows, a.mean, scratch.take<float>(NormGradient::floats(rows)));
  const ResidualSum sum(rows, a, scratch.take<float>(ResidualSum::floats(rows)));
  float* before = scratch.take<float>(width);
  float* slope = scratch.take<float>(width);
  rows.repeat(a.before, before);
  rows.repeat(a.slope, slope);
  sum_channels<4>(rows, totals, [&](const Chunk&, Scratch&) {
    return [&](auto lanes, size_t offset, size_t column) {
      const __m256 x = lanes.load(a.x + offset);
      const __m256 dy = lanes.load(a.dy + offset);
      const __m256 u = _mm256_add_ps(sum.at(lanes, x, offset, column), _mm256_loadu_ps(before + column));
      const __m256 positive = is_positive(u);
      const __m256 upstream =
          _mm256_blendv_ps(_mm256_mul_ps(dy, _mm256_loadu_ps(slope + column)), dy, positive);
      lanes.store(a.upstream + offset, upstream);
      const __m256 negative_part = _mm256_andnot_ps(positive, _mm256_mul_ps(dy, u));
      return Terms<4>{{upstream, _mm256_mul_ps(upstream, norm.centred(x, column)), negative_part, dy}};
    };
  });
  norm.complete(a, totals, totals + channels);
  for (size_t c = 0; c < channels; ++c) {
    a.dslope[c] = static_cast<float>(totals[2 * channels + c]);
    a.dafter[c] = static_cast<float>(totals[3 * channels + c]);
  }
  const bool streamed = worth_streaming(a.dx, rows.size()) && a.dx != a.upstream;
  for_chunks(rows, [&](const Chunk& chunk) {
    each_vector(rows, chunk, streamed, [&](auto lanes, size_t offset, size_t column) {
      const __m256 upstream = lanes.load(a.upstream + offset);
      lanes.store(a.dx + offset, norm.dx(upstream, lanes.load(a.x + offset), column));
    });
  });
}

}  // namespace bnn::avx2
