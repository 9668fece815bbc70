// Where the sums of the forward pass go, for every instruction set.
#pragma once

#include <cstddef>

namespace bnn {
namespace {

// Rows of the output, and what belongs to them: from the first image of a task on, k floats an image. The
// sums become y, or are taken as dots with dy, for a gate's gradient.
struct Target {
  float* y;             // or the sums of dots
  const float* others;  // the residual, or null; for dots dy
  const float* gate;    // or null
  float* flat;          // for dots with a PReLU: the sums where it is flat, and dz; else null
  float* dz;

  Target from(size_t offset) const {
    const auto moved = [&](auto* p) { return p == nullptr ? p : p + offset; };
    return {y + offset, moved(others), moved(gate), moved(flat), moved(dz)};
  }
};

}  // namespace
}  // namespace bnn
