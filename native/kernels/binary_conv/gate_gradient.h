// What the gradients to a gate share: the output positions are cut into ranges, whose sums of products are
// added at the end. The ranges depend on the shape alone. With a PReLU the products where it is flat are
// summed by themselves.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels.h"
#include "kernels/binary_conv/output_rows.h"
#include "parallel.h"

namespace bnn {
namespace {

constexpr int64_t kWantedGateTasks = 32;
constexpr int64_t kMostGateRanges = 16;
constexpr size_t kAddedFloats = 4096;  // of a task that adds ranges

// So many that there are tasks for all threads, and no more: each is a sum to add.
inline int64_t gate_ranges(const ConvShape& s, int task_images) {
  const int64_t parts = (s.n + task_images - 1) / task_images;
  const int64_t most = std::min(static_cast<int64_t>(s.out_h) * s.out_w, kMostGateRanges);
  return std::clamp<int64_t>((kWantedGateTasks + parts - 1) / parts, 1, std::max<int64_t>(most, 1));
}

// Floats of the sums [range][1, or with a PReLU 2][n][k].
inline size_t gate_sums(const BinaryConvGateGradient& a, int task_images) {
  const ConvShape& s = a.shape;
  return static_cast<size_t>(gate_ranges(s, task_images)) * s.n * s.k * (a.sum_slope == nullptr ? 1 : 2);
}

// add(position, first image, images, target) adds the dots of one output position for some images; `sums` has
// space for gate_sums().
template <class Add>
void sum_gate_gradient(const BinaryConvGateGradient& a, int task_images, float* sums, const Add& add) {
  const ConvShape& s = a.shape;
  const int64_t outputs = static_cast<int64_t>(s.out_h) * s.out_w;
  const int64_t ranges = gate_ranges(s, task_images);
  const size_t size = static_cast<size_t>(s.n) * s.k;
  const bool sloped = a.sum_slope != nullptr;
  const size_t range_size = sloped ? 2 * size : size;
  const int parts = (s.n + task_images - 1) / task_images;
  parallel_for(ranges * parts, [&](int64_t task) {
    const int first = static_cast<int>(task % parts) * task_images;
    const int images = std::min(task_images, s.n - first);
    const int64_t range = task / parts;
    const size_t row = static_cast<size_t>(first) * s.k;
    float* own = sums + range * range_size + row;
    for (float* part = own; part < sums + (range + 1) * range_size; part += size)
      std::fill_n(part, static_cast<size_t>(images) * s.k, 0.0f);
    const Target all{own, a.dy + row, a.gate == nullptr ? nullptr : a.gate + row,
                     sloped ? own + size : nullptr, sloped ? a.dz + row : nullptr};
    for (int64_t position = range * outputs / ranges; position < (range + 1) * outputs / ranges; ++position) {
      Target target = all;
      target.others += position * size;
      if (sloped) target.dz += position * size;
      add(position, first, images, target);
    }
  });
  parallel_for(static_cast<int64_t>((range_size + kAddedFloats - 1) / kAddedFloats), [&](int64_t task) {
    const size_t first = task * kAddedFloats;
    const size_t end = std::min(range_size, first + kAddedFloats);
    for (int64_t range = 1; range < ranges; ++range)
      for (size_t i = first; i < end; ++i) sums[i] += sums[range * range_size + i];
  });
  if (sloped) std::fill_n(a.dslope, s.k, 0.0f);
  for (int image = 0; image < s.n; ++image)
    for (int k = 0; k < s.k; ++k) {
      const size_t i = static_cast<size_t>(image) * s.k + k;
      const float flat = sloped ? sums[size + i] : 0.0f;
      a.dgate[i] = a.scale[k] * (sloped ? sums[i] + a.sum_slope[k] * flat : sums[i]);
      if (sloped) a.dslope[k] += a.scale[k] * flat * (a.gate == nullptr ? 1.0f : a.gate[i]);
    }
}

}  // namespace
}  // namespace bnn
