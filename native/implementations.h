// Every implementation: a function `run` for each kernel's arguments, in the namespace of its instruction set. The reference
// is the slow, obvious version and exists for all of them.
#pragma once

#include "kernels.h"

namespace bnn {

namespace reference {
void run(const FloatConvForward&);
void run(const FloatConvBackwardInput&);
void run(const FloatConvBackwardFilter&);
void run(const MatMul&);
void run(const BatchNormStatistics&);
void run(const ProjectedStatistics&);
void run(const ProjectedGradients&);
void run(const ChannelAffine&);
void run(const ChannelAffineSign&);
void run(const ChannelAffineClamp&);
void run(const BatchNormBackward&);
void run(const AddPrelu&);
void run(const PreluBackward&);
void run(const AveragePool&);
void run(const AveragePoolBackward&);
void run(const MaxPool&);
void run(const MaxPoolBackward&);
void run(const PositionMean&);
void run(const PositionMeanBackward&);
void run(const SwapOuter&);
void run(const Elementwise&);
void run(const Softmax&);
void run(const UnitDistance&);
void run(const UnitDistanceBackward&);
void run(const AdamStep&);
void run(const PackSigns&);
void run(const UnpackSigns&);
void run(const MeanMagnitude&);
void run(const BinaryConvForward&);
void run(const BinaryConvBackwardInput&);
void run(const BinaryConvBackwardFilter&);
void run(const BinaryInputConvForward&);
void run(const BinaryFilterConvForward&);
void run(const StraightThroughFilter&);
void run(const UnitMaps&);
void run(const NarrowToHalf&);
void run(const WidenHalf&);
}  // namespace reference

namespace avx2 {
void run(const FloatConvForward&);
void run(const FloatConvBackwardInput&);
void run(const FloatConvBackwardFilter&);
void run(const MatMul&);
void run(const BatchNormStatistics&);
void run(const ChannelAffine&);
void run(const ChannelAffineSign&);
void run(const ChannelAffineClamp&);
void run(const BatchNormBackward&);
void run(const AddPrelu&);
void run(const PreluBackward&);
void run(const AveragePool&);
void run(const AveragePoolBackward&);
void run(const MaxPool&);
void run(const MaxPoolBackward&);
void run(const PositionMean&);
void run(const PositionMeanBackward&);
void run(const SwapOuter&);
void run(const Elementwise&);
void run(const Softmax&);
void run(const UnitDistance&);
void run(const UnitDistanceBackward&);
void run(const AdamStep&);
void run(const PackSigns&);
void run(const UnpackSigns&);
void run(const MeanMagnitude&);
void run(const BinaryConvForward&);
void run(const BinaryConvBackwardInput&);
void run(const BinaryConvBackwardFilter&);
void run(const BinaryInputConvForward&);
void run(const BinaryFilterConvForward&);
void run(const StraightThroughFilter&);
void run(const UnitMaps&);
void run(const NarrowToHalf&);
void run(const WidenHalf&);
}  // namespace avx2

// The families that gain from it; avx2 does the others.
namespace avx512 {
void run(const FloatConvForward&);
void run(const FloatConvBackwardInput&);
void run(const FloatConvBackwardFilter&);
void run(const BinaryConvForward&);
void run(const BinaryConvBackwardInput&);
void run(const BinaryConvBackwardFilter&);
}  // namespace avx512

}  // namespace bnn
