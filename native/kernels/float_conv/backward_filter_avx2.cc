#include "implementations.h"
#include "kernels/float_conv/register_avx2.h"

#include "kernels/float_conv/backward_filter.h"

namespace bnn::avx2 {

void run(const FloatConvBackwardFilter& a) { convolve(a); }

}  // namespace bnn::avx2
