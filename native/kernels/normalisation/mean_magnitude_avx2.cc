#include "implementations.h"
#include "kernels/folded_rows_avx2.h"
#include "scratch.h"

namespace bnn::avx2 {

void mean_magnitude_avx2(const MeanMagnitude& a) {
  const FoldedRows rows(a.rows, a.channels);
  Scratch scratch;
  double* totals = scratch.take<double>(rows.channels);
  sum_channels<1>(rows, totals, [&](const Chunk&, Scratch&) {
    return [&](auto lanes, size_t offset, size_t) { return Terms<1>{{magnitude(lanes.load(a.w + offset))}}; };
  });
  for (size_t c = 0; c < rows.channels; ++c) a.scale[c] = static_cast<float>(totals[c] / a.rows);
}

}  // namespace bnn::avx2
