#include <cstring>

#include "implementations.h"
#include "kernels/lanes_avx2.h"
#include "parallel.h"

namespace bnn::avx2 {
namespace {

constexpr size_t kTileFloats = 4096;

// A square of cells of `inner` floats that one task moves.
struct Tile {
  size_t first_outer, last_outer, first_middle, last_middle;
};

template <class Body>
void for_tiles(const SwapOuter& a, size_t side, const Body& body) {
  const size_t outer_tiles = (a.outer + side - 1) / side;
  const size_t middle_tiles = (a.middle + side - 1) / side;
  parallel_for(static_cast<int64_t>(outer_tiles * middle_tiles), [&](int64_t tile) {
    const size_t outer = tile % outer_tiles * side;
    const size_t middle = tile / outer_tiles * side;
    body(Tile{outer, std::min(a.outer, outer + side), middle, std::min(a.middle, middle + side)});
  });
}

// Cells shorter than a line of the cache go through a compact copy of the tile: the rows of a tile are often powers of two
// apart, so that they would drive each other out of the cache before the rest of their lines is used.
template <class Copy>
void swap_through_tile(const SwapOuter& a, const Copy& copy) {
  size_t side = 1;
  while (4 * side * side * a.inner <= kTileFloats) side *= 2;
  for_tiles(a, side, [&](const Tile& t) {
    alignas(64) float compact[kTileFloats];
    const size_t middles = t.last_middle - t.first_middle;
    for (size_t outer = t.first_outer; outer < t.last_outer; ++outer)
      std::memcpy(compact + (outer - t.first_outer) * middles * a.inner,
                  a.x + (outer * a.middle + t.first_middle) * a.inner, middles * a.inner * sizeof(float));
    for (size_t middle = 0; middle < middles; ++middle) {
      const float* from = compact + middle * a.inner;
      float* to = a.y + ((t.first_middle + middle) * a.outer + t.first_outer) * a.inner;
      for (size_t outer = t.first_outer; outer < t.last_outer; ++outer) {
        copy(to, from);
        to += a.inner;
        from += middles * a.inner;
      }
    }
  });
}

template <size_t Inner>
void swap_cells_of(const SwapOuter& a) {
  swap_through_tile(a, [](float* to, const float* from) { std::memcpy(to, from, Inner * sizeof(float)); });
}

template <class Lanes>
void swap_long_cells(const SwapOuter& a) {
  size_t side = 1;
  while (side * side * a.inner < kTileFloats) side *= 2;
  for_tiles(a, side, [&](const Tile& t) {
    for (size_t middle = t.first_middle; middle < t.last_middle; ++middle)
      for (size_t outer = t.first_outer; outer < t.last_outer; ++outer) {
        const float* from = a.x + (outer * a.middle + middle) * a.inner;
        float* to = a.y + (middle * a.outer + outer) * a.inner;
        for_vectors<Lanes>(a.inner, [&](auto lanes, size_t i) { lanes.store(to + i, lanes.load(from + i)); });
      }
    _mm_sfence();
  });
}

// Nothing changes places.
void copy_all(const SwapOuter& a) {
  constexpr size_t part = 65536;
  const size_t size = a.outer * a.middle * a.inner;
  parallel_for(static_cast<int64_t>((size + part - 1) / part), [&](int64_t task) {
    const size_t first = task * part;
    std::memcpy(a.y + first, a.x + first, std::min(part, size - first) * sizeof(float));
  });
}

}  // namespace

void run(const SwapOuter& a) {
  if (a.outer == 1 || a.middle == 1) return copy_all(a);
  if (a.inner == 0) return;
  switch (a.inner) {
    case 1: return swap_cells_of<1>(a);
    case 2: return swap_cells_of<2>(a);
    case 3: return swap_cells_of<3>(a);
    case 4: return swap_cells_of<4>(a);
    default: break;
  }
  constexpr size_t line = 16;
  if (a.inner < line)
    return swap_through_tile(a, [&](float* to, const float* from) { std::memcpy(to, from, a.inner * sizeof(float)); });
  // Streaming writes whole lines, or it would be slower than the caches.
  if (worth_streaming(a.y, a.outer * a.middle * a.inner) && a.inner % line == 0) return swap_long_cells<StreamedLanes>(a);
  swap_long_cells<FullLanes>(a);
}

}  // namespace bnn::avx2
