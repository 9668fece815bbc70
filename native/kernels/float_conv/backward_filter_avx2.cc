#include "implementations.h"
#include "kernels/float_conv/backward_filter.h"
#include "kernels/float_conv/register_avx2.h"

namespace bnn::avx2 {

void float_conv_backward_filter_avx2(const FloatConvBackwardFilter& a) { convolve<Avx2Register>(a); }

}  // namespace bnn::avx2
