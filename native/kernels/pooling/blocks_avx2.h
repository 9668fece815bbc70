// A position-major tensor as positions of `inner` = N·C floats, cut into blocks that are one task each.
#pragma once

#include "kernels.h"
#include "kernels/lanes_avx2.h"
#include "parallel.h"

namespace bnn::avx2 {

struct Blocks {
  size_t inner, width, count;

  Blocks(size_t inner_, size_t width_)
      : inner(inner_), width(width_), count((inner_ + width_ - 1) / width_) {}
  size_t start(size_t block) const { return block * width; }
  size_t width_of(size_t block) const { return std::min(width, inner - start(block)); }
};

inline size_t inner_size(const ConvShape& s) { return static_cast<size_t>(s.n) * s.c; }

// body(row, first float, floats) for each row of positions and each block of it, in parallel.
template <class Body>
void for_rows_of_blocks(int rows, const Blocks& blocks, const Body& body) {
  parallel_for(static_cast<int64_t>(rows) * blocks.count, [&](int64_t task) {
    const size_t block = task % blocks.count;
    body(static_cast<int>(task / blocks.count), blocks.start(block), blocks.width_of(block));
  });
}

}  // namespace bnn::avx2
