#include "implementations.h"
#include "kernels/float_conv/position_sums.h"
#include "kernels/float_conv/register_avx2.h"

namespace bnn::avx2 {

void float_conv_forward_avx2(const FloatConvForward& a) { convolve<Avx2Register>(a); }

}  // namespace bnn::avx2
