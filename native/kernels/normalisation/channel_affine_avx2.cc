#include "implementations.h"
#include "kernels/folded_rows_avx2.h"
#include "scratch.h"

namespace bnn::avx2 {

void channel_affine_avx2(const ChannelAffine& a) {
  const FoldedRows rows(a.rows, a.channels);
  Scratch scratch;
  float* scale = scratch.take<float>(rows.width);
  float* shift = scratch.take<float>(rows.width);
  rows.repeat(a.scale, scale);
  rows.repeat(a.shift, shift);
  const bool streamed = worth_streaming(a.y, rows.size()) && a.y != a.x;
  for_chunks(rows, [&](const Chunk& chunk) {
    each_vector(rows, chunk, streamed, [&](auto lanes, size_t offset, size_t column) {
      const __m256 x = lanes.load(a.x + offset);
      lanes.store(a.y + offset,
                  _mm256_fmadd_ps(x, _mm256_loadu_ps(scale + column), _mm256_loadu_ps(shift + column)));
    });
  });
}

}  // namespace bnn::avx2
