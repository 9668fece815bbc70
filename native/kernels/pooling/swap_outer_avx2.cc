#include <cstring>

#include "implementations.h"
#include "kernels/lanes_avx2.h"
#include "parallel.h"

namespace bnn::avx2 {
namespace {

constexpr size_t kTileFloats = 4096;
constexpr size_t kLine = 16;  // floats of a cache line

// Moves square tiles of cells, so that a cache line that several cells share is used while it is in the
// cache. copy(to, from) copies the `inner` floats of a cell.
template <class Copy>
void swap_tiles(const SwapOuter& a, const Copy& copy) {
  size_t side = 1;
  while (side * side * a.inner < kTileFloats) side *= 2;
  const size_t outer_tiles = (a.outer + side - 1) / side;
  const size_t middle_tiles = (a.middle + side - 1) / side;
  parallel_for(static_cast<int64_t>(outer_tiles * middle_tiles), [&](int64_t tile) {
    const size_t first_outer = tile % outer_tiles * side;
    const size_t first_middle = tile / outer_tiles * side;
    const size_t last_outer = std::min(a.outer, first_outer + side);
    const size_t last_middle = std::min(a.middle, first_middle + side);
    for (size_t middle = first_middle; middle < last_middle; ++middle)
      for (size_t outer = first_outer; outer < last_outer; ++outer)
        copy(a.y + (middle * a.outer + outer) * a.inner, a.x + (outer * a.middle + middle) * a.inner);
    _mm_sfence();
  });
}

template <size_t Inner>
void swap_cells_of(const SwapOuter& a) {
  swap_tiles(a, [](float* to, const float* from) { std::memcpy(to, from, Inner * sizeof(float)); });
}

// The order stays as it is.
void copy_all(const SwapOuter& a) {
  constexpr size_t part = 65536;
  const size_t size = a.outer * a.middle * a.inner;
  parallel_for(static_cast<int64_t>((size + part - 1) / part), [&](int64_t task) {
    const size_t first = task * part;
    std::memcpy(a.y + first, a.x + first, std::min(part, size - first) * sizeof(float));
  });
}

}  // namespace

void swap_outer_avx2(const SwapOuter& a) {
  if (a.outer == 1 || a.middle == 1) return copy_all(a);
  switch (a.inner) {
    case 0:
      return;
    case 1:
      return swap_cells_of<1>(a);
    case 2:
      return swap_cells_of<2>(a);
    case 3:
      return swap_cells_of<3>(a);
    case 4:
      return swap_cells_of<4>(a);
    default:
      break;
  }
  // Streaming is faster only where it writes whole cache lines.
  if (worth_streaming(a.y, a.outer * a.middle * a.inner) && a.inner % kLine == 0) {
    return swap_tiles(a, [&](float* to, const float* from) {
      for_vectors<StreamedLanes>(a.inner,
                                 [&](auto lanes, size_t i) { lanes.store(to + i, lanes.load(from + i)); });
    });
  }
  swap_tiles(a, [&](float* to, const float* from) {
    for_vectors(a.inner, [&](auto lanes, size_t i) { lanes.store(to + i, lanes.load(from + i)); });
  });
}

}  // namespace bnn::avx2
