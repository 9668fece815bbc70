#include "implementations.h"
#include "kernels/float_conv/backward_filter.h"
#include "kernels/float_conv/register_avx512.h"

namespace bnn::avx512 {

void float_conv_backward_filter_avx512(const FloatConvBackwardFilter& a) { convolve<Avx512Register>(a); }

}  // namespace bnn::avx512
