#include "implementations.h"
#include "kernels/float_conv/register_avx512.h"

#include "kernels/float_conv/backward_filter.h"

namespace bnn::avx512 {

void run(const FloatConvBackwardFilter& a) { convolve(a); }

}  // namespace bnn::avx512
