// Convolutions of several groups by kernels that take one: the operands of each group are copied, the kernel
// runs on each group in turn, and the results are put together.
#pragma once

#include "kernels.h"

namespace bnn {

template <class Args>
using Kernel = void (*)(const Args&);

void run_in_groups(const FloatConvForward& a, Kernel<FloatConvForward> kernel);
void run_in_groups(const FloatConvBackwardInput& a, Kernel<FloatConvBackwardInput> kernel);
void run_in_groups(const FloatConvBackwardFilter& a, Kernel<FloatConvBackwardFilter> kernel);
void run_in_groups(const BinaryConvForward& a, Kernel<BinaryConvForward> kernel);
void run_in_groups(const BinaryConvBackwardInput& a, Kernel<BinaryConvBackwardInput> kernel);
void run_in_groups(const BinaryConvBackwardFilter& a, Kernel<BinaryConvBackwardFilter> kernel);
void run_in_groups(const BinaryConvGateGradient& a, Kernel<BinaryConvGateGradient> kernel);
void run_in_groups(const BinaryInputConvForward& a, Kernel<BinaryInputConvForward> kernel);
void run_in_groups(const BinaryFilterConvForward& a, Kernel<BinaryFilterConvForward> kernel);

}  // namespace bnn
