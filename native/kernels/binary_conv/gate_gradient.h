// What the gradients to a gate share on every instruction set. The output positions are cut into ranges,
// whose dots are added at the end; the ranges depend on the shape alone. With a PReLU the dots of z ≤ 0 are
// kept apart.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels.h"
#include "kernels/binary_conv/output_stage.h"
#include "parallel.h"

namespace bnn {
namespace {

constexpr int64_t kWantedGateTasks = 32;
constexpr int64_t kMostGateRanges = 16;
constexpr size_t kAddedFloats = 4096;  // of a task that adds ranges

// Enough that there are tasks for all threads, and no more, since each has to be added.
inline int64_t gate_ranges(const ConvShape& s, int task_images) {
  const int64_t parts = (s.n + task_images - 1) / task_images;
  const int64_t most = std::min(static_cast<int64_t>(s.out_h) * s.out_w, kMostGateRanges);
  return std::clamp<int64_t>((kWantedGateTasks + parts - 1) / parts, 1, std::max<int64_t>(most, 1));
}

// Computes the gradient. add(position, first image, images, stage) adds the dots of one output position for
// some images; the stage has `transform`, the transform of the gradient as the kernel wants it.
template <class Add>
void sum_gate_gradient(const BinaryConvGateGradient& a, const OutputTransform& transform, int task_images,
                       const Add& add) {
  const ConvShape& s = a.shape;
  const int64_t outputs = static_cast<int64_t>(s.out_h) * s.out_w;
  const int64_t ranges = gate_ranges(s, task_images);
  const size_t size = static_cast<size_t>(s.n) * s.k;
  const bool is_sloped = transform.sum_slope != nullptr;
  const size_t range_size = is_sloped ? 2 * size : size;
  Scratch scratch;
  float* sums = scratch.take<float>(ranges, range_size);  // [range][all, or z > 0 and z ≤ 0][n][k]
  const int parts = (s.n + task_images - 1) / task_images;
  parallel_for(ranges * parts, [&](int64_t task) {
    const int first = static_cast<int>(task % parts) * task_images;
    const int images = std::min(task_images, s.n - first);
    const int64_t range = task / parts;
    const size_t row = static_cast<size_t>(first) * s.k;
    float* own = sums + range * range_size + row;
    for (float* part = own; part < sums + (range + 1) * range_size; part += size)
      std::fill_n(part, static_cast<size_t>(images) * s.k, 0.0f);
    OutputStage stage{transform, own};
    stage.transform.gate = moved(transform.gate, row);
    stage.flat = is_sloped ? own + size : nullptr;
    for (int64_t position = range * outputs / ranges; position < (range + 1) * outputs / ranges; ++position) {
      stage.dy = a.dy + position * size + row;
      stage.dz = is_sloped ? a.dz + position * size + row : nullptr;
      add(position, first, images, stage);
    }
  });
  parallel_for(static_cast<int64_t>((range_size + kAddedFloats - 1) / kAddedFloats), [&](int64_t task) {
    const size_t first = task * kAddedFloats;
    const size_t end = std::min(range_size, first + kAddedFloats);
    for (int64_t range = 1; range < ranges; ++range)
      for (size_t i = first; i < end; ++i) sums[i] += sums[range * range_size + i];
  });
  const OutputTransform& own = a.transform;
  if (is_sloped) std::fill_n(a.dslope, s.k, 0.0f);
  for (int image = 0; image < s.n; ++image)
    for (int k = 0; k < s.k; ++k) {
      const size_t i = static_cast<size_t>(image) * s.k + k;
      const float flat = is_sloped ? sums[size + i] : 0.0f;
      a.dgate[i] = own.scale[k] * (is_sloped ? sums[i] + own.sum_slope[k] * flat : sums[i]);
      if (is_sloped) a.dslope[k] += own.scale[k] * flat * (own.gate == nullptr ? 1.0f : own.gate[i]);
    }
}

}  // namespace
}  // namespace bnn
