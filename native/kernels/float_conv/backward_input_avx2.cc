#include "implementations.h"
#include "kernels/float_conv/position_sums.h"
#include "kernels/float_conv/register_avx2.h"

namespace bnn::avx2 {

void float_conv_backward_input_avx2(const FloatConvBackwardInput& a) { convolve<Avx2Register>(a); }

}  // namespace bnn::avx2
