// What the gradients to a gate share: the output positions are cut into ranges, whose sums of products are added at the end.
// The ranges depend on the shape alone.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels.h"
#include "parallel.h"

namespace bnn {
namespace {

constexpr int64_t kMostGateRanges = 16;

inline size_t gate_ranges(const ConvShape& s) {
  return static_cast<size_t>(std::clamp<int64_t>(static_cast<int64_t>(s.out_h) * s.out_w, 1, kMostGateRanges));
}

// add(position, first image, images, dy, sums) adds the products of one output position for some images; `sums` has space for
// gate_ranges · n · k floats.
template <class Add>
void sum_gate_gradient(const BinaryConvGateGradient& a, int task_images, float* sums, const Add& add) {
  const ConvShape& s = a.shape;
  const int64_t outputs = static_cast<int64_t>(s.out_h) * s.out_w;
  const int64_t ranges = static_cast<int64_t>(gate_ranges(s));
  const size_t size = static_cast<size_t>(s.n) * s.k;
  const int parts = (s.n + task_images - 1) / task_images;
  parallel_for(ranges * parts, [&](int64_t task) {
    const int first = static_cast<int>(task % parts) * task_images;
    const int images = std::min(task_images, s.n - first);
    const int64_t range = task / parts;
    const size_t row = static_cast<size_t>(first) * s.k;
    float* own = sums + range * size + row;
    std::fill_n(own, static_cast<size_t>(images) * s.k, 0.0f);
    for (int64_t position = range * outputs / ranges; position < (range + 1) * outputs / ranges; ++position)
      add(position, first, images, a.dy + position * size + row, own);
  });
  for (int image = 0; image < s.n; ++image)
    for (int k = 0; k < s.k; ++k) {
      const size_t i = static_cast<size_t>(image) * s.k + k;
      float total = sums[i];
      for (int64_t range = 1; range < ranges; ++range) total += sums[range * size + i];
      a.dgate[i] = a.scale[k] * total;
    }
}

}  // namespace
}  // namespace bnn
