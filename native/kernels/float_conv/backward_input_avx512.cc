#include "implementations.h"
#include "kernels/float_conv/register_avx512.h"

#include "kernels/float_conv/position_sums.h"

namespace bnn::avx512 {

void run(const FloatConvBackwardInput& a) { convolve(a); }

}  // namespace bnn::avx512
