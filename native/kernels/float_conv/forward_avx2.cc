#include "implementations.h"
#include "kernels/float_conv/register_avx2.h"

#include "kernels/float_conv/position_sums.h"

namespace bnn::avx2 {

void run(const FloatConvForward& a) { convolve(a); }

}  // namespace bnn::avx2
