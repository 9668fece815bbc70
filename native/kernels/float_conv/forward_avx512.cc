#include "implementations.h"
#include "kernels/float_conv/position_sums.h"
#include "kernels/float_conv/register_avx512.h"

namespace bnn::avx512 {

void float_conv_forward_avx512(const FloatConvForward& a) { convolve<Avx512Register>(a); }

}  // namespace bnn::avx512
