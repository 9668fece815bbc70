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

  template <class Fields>
  void fields(Fields& f) {
    f.nested("shape", shape);
    f.flag("countPadding", count_padding);
    f.input("x", x, shape.input());
    f.output("y", y, shape.pooled());
  }
};

// With `addend` (may be null, may be dx) dx gets it added.
struct AveragePoolBackward {
  static constexpr const char* family = "averagePoolBackward";
  ConvShape shape;
  bool count_padding;
  const float* dy;
  const float* addend;
  float* dx;

  template <class Fields>
  void fields(Fields& f) {
    f.nested("shape", shape);
    f.flag("countPadding", count_padding);
    f.input("dy", dy, shape.pooled());
    f.input_or_null("addend", addend, shape.input());
    f.output("dx", dx, shape.input()).may_be(addend);
  }
};

struct MaxPool {
  static constexpr const char* family = "maxPool";
  ConvShape shape;
  const float* x;
  float* y;

  template <class Fields>
  void fields(Fields& f) {
    f.nested("shape", shape);
    f.input("x", x, shape.input());
    f.output("y", y, shape.pooled());
  }
};

// The gradient goes to the first position (in row order) that holds the maximum.
struct MaxPoolBackward {
  static constexpr const char* family = "maxPoolBackward";
  ConvShape shape;
  const float* dy;
  const float* x;
  const float* y;
  float* dx;

  template <class Fields>
  void fields(Fields& f) {
    f.nested("shape", shape);
    f.input("dy", dy, shape.pooled());
    f.input("x", x, shape.input());
    f.input("y", y, shape.pooled());
    f.output("dx", dx, shape.input());
  }
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

  template <class Fields>
  void fields(Fields& f) {
    f.positive("positions", positions);
    f.size("inner", inner);
    f.input("x", x, {positions, inner});
    f.output("y", y, {inner});
    f.positive("channels", channels);
    f.input_or_null("slope", slope, {channels});
    f.require("channels", inner % channels == 0, "a divisor of inner");
  }
};

// dx[p, i] = dy[i] / positions
struct PositionMeanBackward {
  static constexpr const char* family = "positionMeanBackward";
  size_t positions, inner;
  const float* dy;
  float* dx;

  template <class Fields>
  void fields(Fields& f) {
    f.positive("positions", positions);
    f.size("inner", inner);
    f.input("dy", dy, {inner});
    f.output("dx", dx, {positions, inner});
  }
};

// [outer, middle, inner] → [middle, outer, inner]; NHWC ↔ position-major with outer = N (or H·W), middle =
// H·W (or N).
struct SwapOuter {
  static constexpr const char* family = "swapOuter";
  size_t outer, middle, inner;
  const float* x;
  float* y;

  template <class Fields>
  void fields(Fields& f) {
    f.size("outer", outer);
    f.size("middle", middle);
    f.size("inner", inner);
    f.input("x", x, {outer, middle, inner});
    f.output("y", y, {middle, outer, inner});
  }
};

// y = x · √(size / Σ x²) for each sample of size = pixels · channels floats, as [pixels, channels]; zeros
// stay zeros. x is [samples, channels, pixels] where channels_first, else [samples, pixels, channels].
struct UnitMaps {
  static constexpr const char* family = "unitMaps";
  size_t samples, pixels, channels;
  bool channels_first;
  const float* x;
  float* y;

  template <class Fields>
  void fields(Fields& f) {
    f.size("samples", samples);
    f.size("pixels", pixels);
    f.size("channels", channels);
    f.flag("channelsFirst", channels_first);
    f.input("x", x, {samples, pixels, channels});
    f.output("y", y, {samples, pixels, channels});
  }
};

}  // namespace bnn
