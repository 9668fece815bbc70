// Convolutions of several groups by kernels that know one: each group's operands are copied out, the active
// kernel runs on each, and the results are put together.
#pragma once

#include "kernels.h"

namespace bnn {

void run_in_groups(const FloatConvForward& a);
void run_in_groups(const FloatConvBackwardInput& a);
void run_in_groups(const FloatConvBackwardFilter& a);
void run_in_groups(const BinaryConvForward& a);
void run_in_groups(const BinaryConvBackwardInput& a);
void run_in_groups(const BinaryConvBackwardFilter& a);
void run_in_groups(const BinaryConvGateGradient& a);
void run_in_groups(const BinaryInputConvForward& a);
void run_in_groups(const BinaryFilterConvForward& a);

}  // namespace bnn
