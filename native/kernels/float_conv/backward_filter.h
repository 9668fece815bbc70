// The gradient of a float convolution to its filter.
#pragma once

#include "kernels.h"
#include "kernels/float_conv/gemm.h"
#include "scratch.h"

namespace bnn {
namespace {

// The sum over positions and images is cut into chunks of about kChain rows, the chunks into ranges that each
// have a partial result, and the result into blocks. All of this follows from the shape.
template <class Kernel>
struct Plan {
  static constexpr int kPanel = Kernel::kPanel;
  static constexpr int kChain = Kernel::kChain;

  int positions;     // of one output row in a chunk
  int images;        // in a chunk
  int strips;        // chunks along an output row
  int image_blocks;  // chunks along the batch
  int chunks, ranges;
  int panels, block_panels, k_blocks;
  int block_c, c_blocks;

  explicit Plan(const ConvShape& s) {
    image_blocks = divide_up(s.n, kChain);
    images = divide_up(s.n, image_blocks);
    positions = images >= kChain ? 1 : kChain / images;
    strips = divide_up(s.out_w, positions);
    chunks = s.out_h * strips * image_blocks;
    // The work of a thread is whole ranges. All partial results together stay below 4 MB.
    const size_t fitting = (size_t{1} << 20) / s.filter_size();
    ranges = fitting < 1 ? 1 : fitting > 16 ? 16 : static_cast<int>(fitting);
    if (ranges > chunks) ranges = chunks > 0 ? chunks : 1;
    panels = divide_up(s.k, kPanel);
    block_panels = panels < 4 ? panels : 4;
    k_blocks = divide_up(panels, block_panels);
    block_c = s.c < 96 ? s.c : 96;
    c_blocks = divide_up(s.c, block_c);
  }
};

struct Block {
  int first_panel, last_panel, c, c_end;
};

// Adds the sum of one chunk, for one block, to `sums` [tap][c][k].
template <class Kernel>
inline void add_chunk(const FloatConvBackwardFilter& a, const Plan<Kernel>& plan, int64_t chunk,
                      const Block& block, float* sums) {
  constexpr int kPanel = Kernel::kPanel;
  constexpr int kTileRows = Kernel::kTileRows;
  const ConvShape& s = a.shape;
  const int image = static_cast<int>(chunk % plan.image_blocks) * plan.images;
  const int images = s.n - image < plan.images ? s.n - image : plan.images;
  const int64_t strip = chunk / plan.image_blocks;
  const int oy = static_cast<int>(strip / plan.strips);
  const int from = static_cast<int>(strip % plan.strips) * plan.positions;
  const int to = s.out_w - from < plan.positions ? s.out_w : from + plan.positions;

  const size_t panel_size = static_cast<size_t>(plan.positions) * plan.images * kPanel;
  Scratch scratch;
  float* const packed = scratch.take<float>(panel_size, block.last_panel - block.first_panel);
  for (int panel = block.first_panel; panel < block.last_panel; ++panel)
    for (int ox = from; ox < to; ++ox)
      pack_panel<Kernel>(a.dy + ((static_cast<size_t>(oy) * s.out_w + ox) * s.n + image) * s.k, s.k, images,
                         panel * kPanel, s.k,
                         packed + (panel - block.first_panel) * panel_size +
                             static_cast<size_t>(ox - from) * images * kPanel);

  Segment* const segments = scratch.take<Segment>(plan.positions);
  for (int tap = 0; tap < s.taps(); ++tap) {
    const int y = oy * s.stride_h + tap / s.kernel_w - s.pad_top;
    if (y < 0 || y >= s.h) continue;
    int count = 0;
    for (int ox = from; ox < to; ++ox) {
      const int x = ox * s.stride_w + tap % s.kernel_w - s.pad_left;
      if (x < 0 || x >= s.w) continue;
      const float* const source = a.x + ((static_cast<size_t>(y) * s.w + x) * s.n + image) * s.c;
      const float* const panel = packed + static_cast<size_t>(ox - from) * images * kPanel;
      // Neighbouring positions whose images are contiguous are one piece.
      if (count > 0 && s.stride_w == 1 && images == s.n)
        segments[count - 1].length += images;
      else
        segments[count++] = {source, panel, images};
    }
    if (count == 0) continue;
    for (int c = block.c; c < block.c_end; c += kTileRows)
      for (int panel = block.first_panel; panel < block.last_panel; ++panel) {
        const int rows = block.c_end - c < kTileRows ? block.c_end - c : kTileRows;
        const int columns = s.k - panel * kPanel < kPanel ? s.k - panel * kPanel : kPanel;
        const Operands operands{segments, count, static_cast<size_t>(s.c), static_cast<size_t>(c),
                                (panel - block.first_panel) * panel_size};
        tile_product<Kernel, true>(operands, rows, columns,
                                   sums + (static_cast<size_t>(tap) * s.c + c) * s.k + panel * kPanel, s.k,
                                   Store::kAdd);
      }
  }
}

template <class Registers>
inline void convolve(const FloatConvBackwardFilter& a) {
  using Kernel = FloatKernel<FloatConvBackwardFilter, Registers>;
  constexpr int kPanel = Kernel::kPanel;
  const ConvShape& s = a.shape;
  const Plan<Kernel> plan(s);
  const size_t size = s.filter_size();
  Scratch scratch;
  float* const partial = plan.ranges == 1 ? a.dw : scratch.take<float>(size, plan.ranges);

  parallel_for(static_cast<int64_t>(plan.ranges) * plan.k_blocks * plan.c_blocks, [&](int64_t task) {
    const int64_t range = task / (plan.k_blocks * plan.c_blocks);
    const int panel = static_cast<int>(task / plan.c_blocks % plan.k_blocks) * plan.block_panels;
    const int c = static_cast<int>(task % plan.c_blocks) * plan.block_c;
    const Block block{panel,
                      plan.panels - panel < plan.block_panels ? plan.panels : panel + plan.block_panels, c,
                      s.c - c < plan.block_c ? s.c : c + plan.block_c};
    float* const sums = partial + range * size;
    const int k = block.first_panel * kPanel;
    const int k_end = block.last_panel * kPanel < s.k ? block.last_panel * kPanel : s.k;
    for (int tap = 0; tap < s.taps(); ++tap)
      for (int row = block.c; row < block.c_end; ++row)
        std::memset(sums + (static_cast<size_t>(tap) * s.c + row) * s.k + k, 0, (k_end - k) * sizeof(float));
    const int64_t end = (range + 1) * plan.chunks / plan.ranges;
    for (int64_t chunk = range * plan.chunks / plan.ranges; chunk < end; ++chunk)
      add_chunk(a, plan, chunk, block, sums);
  });
  if (plan.ranges == 1) return;

  constexpr size_t kBlock = 4096;
  parallel_for(static_cast<int64_t>((size + kBlock - 1) / kBlock), [&](int64_t task) {
    const size_t begin = task * kBlock;
    const size_t end = size - begin < kBlock ? size : begin + kBlock;
    for (size_t i = begin; i < end; ++i) a.dw[i] = partial[i];
    for (int range = 1; range < plan.ranges; ++range)
      for (size_t i = begin; i < end; ++i) a.dw[i] += partial[range * size + i];
  });
}

}  // namespace
}  // namespace bnn
