// Every implementation: a function `run` for each kernel's arguments, in the namespace of its instruction
// set. The reference is the slow, obvious version and exists for all of them but the sequences.
#pragma once

#include "kernels.h"

// Sequences of other families with a little of their own between them (native/sequences/), which need no
// version for an instruction set.
#define BNN_SEQUENCES(each) \
  each(BinaryResidualForward) each(BinaryResidualBackward) each(ProjectedStatistics) each(ProjectedGradients)

#define BNN_AVX2_FAMILIES(each)                                                                              \
  each(FloatConvForward) each(FloatConvBackwardInput) each(FloatConvBackwardFilter) each(MatMul)             \
      each(BinaryConvForward) each(BinaryConvBackwardInput) each(BinaryConvBackwardFilter)                   \
          each(BinaryConvGateGradient) each(BinaryInputConvForward) each(BinaryFilterConvForward)            \
              each(StraightThroughFilter) each(MeanMagnitude) each(BatchNormStatistics) each(ChannelAffine)  \
                  each(ChannelAffineSign) each(ChannelAffineClamp) each(ChannelAffineActivation)             \
                      each(BatchNormBackward) each(ChannelAffineResidual) each(BatchNormResidualBackward)    \
                          each(MaskedGradient) each(ChannelScaleBackward) each(ShiftedPreluBackward)         \
                              each(AddPrelu) each(PreluBackward) each(PackSigns) each(UnpackSigns)           \
                                  each(AveragePool) each(AveragePoolBackward) each(MaxPool)                  \
                                      each(MaxPoolBackward) each(PositionMean) each(PositionMeanBackward)    \
                                          each(SwapOuter) each(UnitMaps) each(MapPools)                      \
                                              each(MapPoolsBackward) each(MapProjection)                     \
                                                  each(MapProjectionBackward) each(FactoredGate)             \
                                                      each(FactoredGateBackward) each(DecoratorGate)         \
                                                          each(DecoratorGateBackward) each(DilatedConv)      \
                                                              each(DilatedConvBackwardFilter) each(Sigmoid)  \
                                                                  each(SigmoidBackward) each(Elementwise)    \
                                                                      each(Softmax) each(UnitDistance)       \
                                                                          each(UnitDistanceBackward)         \
                                                                              each(AdamStep) each(SignSlope) \
                                                                                  each(NarrowToHalf)         \
                                                                                      each(WidenHalf)

// The families that gain from it; avx2 does the others.
#define BNN_AVX512_FAMILIES(each)                                                                           \
  each(FloatConvForward) each(FloatConvBackwardInput) each(FloatConvBackwardFilter) each(BinaryConvForward) \
      each(BinaryConvBackwardInput) each(BinaryConvBackwardFilter) each(BinaryConvGateGradient)

#define BNN_DECLARE(Family) void run(const Family&);

namespace bnn {
namespace reference {
BNN_AVX2_FAMILIES(BNN_DECLARE)
}  // namespace reference
namespace sequences {
BNN_SEQUENCES(BNN_DECLARE)
}  // namespace sequences
namespace avx2 {
BNN_AVX2_FAMILIES(BNN_DECLARE)
}  // namespace avx2
namespace avx512 {
BNN_AVX512_FAMILIES(BNN_DECLARE)
}  // namespace avx512
}  // namespace bnn

#undef BNN_DECLARE
