#include "implementations.h"
#include "kernels/float_conv/position_sums_avx2.h"
#include "reference/conv_taps.h"

namespace bnn::avx2 {

void run(const FloatConvBackwardInput& a) {
  const ConvShape& s = a.shape;
  const float* const packed = pack_filter<true>(a.w, s.taps(), s.c, s.k);
  const PositionSums sums{s.h, s.w, s.n, s.taps(), s.k, s.c, a.dy, packed, a.dx};
  sum_positions(sums, [&](int64_t position, auto&& body) { for_outputs_of(s, position, body); });
}

}  // namespace bnn::avx2
