// Pooling and changes of layout.
#pragma once

#include "families/conv_shape.h"

namespace bnn {

// Pooling windows over position-major tensors; the shape's c is the number of channels (k is ignored).
// Average: y = Σ x / divisor; divisor = window size when count_padding, else the number of valid positions.
struct AveragePool {
  static constexpr const char* family = "averagePool";
  ConvShape shape;
  bool count_padding;
  const float* x;
  float* y;
};

// With `addend` (may be null, may be dx) dx gets it added.
struct AveragePoolBackward {
  static constexpr const char* family = "averagePoolBackward";
  ConvShape shape;
  bool count_padding;
  const float* dy;
  const float* addend;
  float* dx;
};

struct MaxPool {
  static constexpr const char* family = "maxPool";
  ConvShape shape;
  const float* x;
  float* y;
};

// The gradient goes to the first position (in row order) that holds the maximum.
struct MaxPoolBackward {
  static constexpr const char* family = "maxPoolBackward";
  ConvShape shape;
  const float* dy;
  const float* x;
  const float* y;
  float* dx;
};

// The mean over positions of [positions, inner]: y[i] = Σ_p x[p, i] / positions. With a `slope` (may be
// null), one for each of `channels` of which inner is a multiple, that of prelu(x).
struct PositionMean {
  static constexpr const char* family = "positionMean";
  size_t positions, inner;
  const float* x;
  float* y;
  int channels = 1;
  const float* slope = nullptr;
};

// dx[p, i] = dy[i] / positions
struct PositionMeanBackward {
  static constexpr const char* family = "positionMeanBackward";
  size_t positions, inner;
  const float* dy;
  float* dx;
};

// [outer, middle, inner] → [middle, outer, inner]; NHWC ↔ position-major with outer = N (or H·W), middle =
// H·W (or N).
struct SwapOuter {
  static constexpr const char* family = "swapOuter";
  size_t outer, middle, inner;
  const float* x;
  float* y;
};

// y = x · √(size / Σ x²) for each sample of size = pixels · channels floats, as [pixels, channels]; zeros
// stay zeros. x is [samples, channels, pixels] where channels_first, else [samples, pixels, channels].
struct UnitMaps {
  static constexpr const char* family = "unitMaps";
  size_t samples, pixels, channels;
  bool channels_first;
  const float* x;
  float* y;
};

}  // namespace bnn
