// How the sums of the forward pass end, for every instruction set.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels.h"
#include "scratch.h"

namespace bnn {
namespace {

template <class T>
inline T* moved(T* array, size_t by) {
  return array == nullptr ? nullptr : array + by;
}

// What happens to the sums of one output position, from one image on, with k floats an image. They become y
// by the transform. For the gradient to a gate (`dy` is there) their products with dy are added to y instead,
// and with a PReLU of z those of z ≤ 0 go to `flat`, and dz, the gradient to z, is written.
struct OutputStage {
  OutputTransform transform;
  float* y;
  const float* dy = nullptr;
  float* flat = nullptr;
  float* dz = nullptr;

  // The stage from so many elements on. What there is one of for each channel stays where it is.
  OutputStage from(size_t elements) const {
    OutputStage stage = *this;
    stage.transform.gate = moved(transform.gate, elements);
    stage.transform.residual = moved(transform.residual, elements);
    stage.y = y + elements;
    stage.dy = moved(dy, elements);
    stage.flat = moved(flat, elements);
    stage.dz = moved(dz, elements);
    return stage;
  }

  // The stage of the channels from `channel` on.
  OutputStage from_channel(int channel) const {
    OutputStage stage = from(channel);
    stage.transform.scale += channel;
    stage.transform.sum_slope = moved(transform.sum_slope, channel);
    stage.transform.residual_slope = moved(transform.residual_slope, channel);
    return stage;
  }
};

// The stage that writes y at one output position, from image `image` on.
inline OutputStage stage_at(const ConvShape& s, const OutputTransform& transform, float* y, int64_t position,
                            int image) {
  const size_t row = static_cast<size_t>(image) * s.k;
  const size_t element = static_cast<size_t>(position) * s.n * s.k + row;
  OutputStage stage{transform, y + element};
  stage.transform.gate = moved(transform.gate, row);
  stage.transform.residual = moved(transform.residual, element);
  return stage;
}

// The transform with copies of what it has one of for each channel, which end in zeros up to `channels`.
inline OutputTransform padded(const OutputTransform& transform, int k, size_t channels, Scratch& scratch) {
  const auto copy = [&](const float* from) -> const float* {
    if (from == nullptr) return nullptr;
    float* to = scratch.take<float>(channels);
    std::copy_n(from, k, to);
    std::fill_n(to + k, channels - k, 0.0f);
    return to;
  };
  OutputTransform result = transform;
  result.scale = copy(transform.scale);
  result.sum_slope = copy(transform.sum_slope);
  result.residual_slope = copy(transform.residual_slope);
  return result;
}

}  // namespace
}  // namespace bnn
