#include "implementations.h"
#include "kernels/float_conv/position_sums_avx2.h"
#include "reference/conv_taps.h"

namespace bnn::avx2 {

void run(const FloatConvForward& a) {
  const ConvShape& s = a.shape;
  const float* const packed = pack_filter<false>(a.w, s.taps(), s.c, s.k);
  const PositionSums sums{s.out_h, s.out_w, s.n, s.taps(), s.c, s.k, a.x, packed, a.y};
  sum_positions(sums, [&](int64_t position, auto&& body) { for_valid_taps(s, position, body); });
}

}  // namespace bnn::avx2
