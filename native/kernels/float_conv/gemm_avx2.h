// The matrix product under the float kernels: tiles of 6 rows × 16 columns held in registers, B packed into panels of 16
// columns, A read where it lies.
//
// Sums are taken in two levels: a chain of at most about kChain products, then a chain of such sums. How a sum is cut up
// follows from the shape alone, so that results do not depend on the number of threads.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "parallel.h"

namespace bnn::avx2 {

// 6 × 2 sums, 2 registers of B and 1 of A take 15 of the 16 registers.
constexpr int kTileRows = 6;
constexpr int kPanel = 16;
// A panel of B this long takes 16 KB, half of the smallest first-level cache in use.
constexpr int kChain = 256;

inline int divide_up(int a, int b) { return (a + b - 1) / b; }

// One piece of a sum: `length` columns of A and rows of a panel of B.
struct Segment {
  const float* a;
  const float* b;
  int length;
};

// What the pieces of a sum have in common. The element of A in row r and column p stands at a[r * a_row + p], or with
// kTransposed at a[p * a_row + r]. The shifts are added to the pointers of each segment.
struct Operands {
  const Segment* segments;
  int count;
  size_t a_row;
  size_t a_shift;
  size_t b_shift;
};

enum class Store { kReplace, kAdd };

namespace detail {

template <bool kTransposed, int kRows, int kVectors>
inline void tile(const Operands& in, float* out, size_t out_row, Store store) {
  __m256 sum[kRows][kVectors];
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) sum[r][v] = _mm256_setzero_ps();

  for (int i = 0; i < in.count; ++i) {
    const Segment& segment = in.segments[i];
    const float* a = segment.a + in.a_shift;
    const float* b = segment.b + in.b_shift;
    const float* const end = b + static_cast<size_t>(segment.length) * kPanel;
    const size_t row = in.a_row;
#pragma GCC unroll 2
    for (; b != end; b += kPanel) {
      __m256 right[kVectors];
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) right[v] = _mm256_load_ps(b + 8 * v);
#pragma GCC unroll 6
      for (int r = 0; r < kRows; ++r) {
        const __m256 left = _mm256_broadcast_ss(kTransposed ? a + r : a + r * row);
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) sum[r][v] = _mm256_fmadd_ps(left, right[v], sum[r][v]);
      }
      a += kTransposed ? row : 1;
    }
  }

#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      float* const to = out + r * out_row + 8 * v;
      _mm256_storeu_ps(to, store == Store::kAdd ? _mm256_add_ps(_mm256_loadu_ps(to), sum[r][v]) : sum[r][v]);
    }
}

template <bool kTransposed, int kRows>
inline void tile_of_columns(const Operands& in, int columns, float* out, size_t out_row, Store store) {
  if (columns == kPanel) return tile<kTransposed, kRows, 2>(in, out, out_row, store);
  if (columns == 8) return tile<kTransposed, kRows, 1>(in, out, out_row, store);
  alignas(32) float full[kRows * kPanel];
  if (columns < 8)
    tile<kTransposed, kRows, 1>(in, full, kPanel, Store::kReplace);
  else
    tile<kTransposed, kRows, 2>(in, full, kPanel, Store::kReplace);
  for (int r = 0; r < kRows; ++r)
    for (int column = 0; column < columns; ++column) {
      float& to = out[r * out_row + column];
      to = store == Store::kAdd ? to + full[r * kPanel + column] : full[r * kPanel + column];
    }
}

}  // namespace detail

// out[r][column] = or += Σ A·B for `rows` rows (at most 6) and the `columns` columns (at most 16) of one panel.
template <bool kTransposed>
inline void tile_product(const Operands& in, int rows, int columns, float* out, size_t out_row, Store store) {
  switch (rows) {
    case 1: return detail::tile_of_columns<kTransposed, 1>(in, columns, out, out_row, store);
    case 2: return detail::tile_of_columns<kTransposed, 2>(in, columns, out, out_row, store);
    case 3: return detail::tile_of_columns<kTransposed, 3>(in, columns, out, out_row, store);
    case 4: return detail::tile_of_columns<kTransposed, 4>(in, columns, out, out_row, store);
    case 5: return detail::tile_of_columns<kTransposed, 5>(in, columns, out, out_row, store);
    default: return detail::tile_of_columns<kTransposed, 6>(in, columns, out, out_row, store);
  }
}

// The same for any number of rows.
template <bool kTransposed>
inline void panel_product(Operands in, int rows, int columns, float* out, size_t out_row, Store store) {
  for (int row = 0; row < rows; row += kTileRows) {
    const int height = rows - row < kTileRows ? rows - row : kTileRows;
    tile_product<kTransposed>(in, height, columns, out + row * out_row, out_row, store);
    in.a_shift += kTransposed ? height : height * in.a_row;
  }
}

// Copies columns [first, first + 16) of `rows` rows of a matrix into a panel; columns from `columns` on become 0.
inline void pack_panel(const float* from, size_t from_row, int rows, int first, int columns, float* to) {
  const int width = columns - first < kPanel ? columns - first : kPanel;
  from += first;
  if (width == kPanel) {
    for (int row = 0; row < rows; ++row, from += from_row, to += kPanel) {
      _mm256_store_ps(to, _mm256_loadu_ps(from));
      _mm256_store_ps(to + 8, _mm256_loadu_ps(from + 8));
    }
    return;
  }
  for (int row = 0; row < rows; ++row, from += from_row, to += kPanel) {
    for (int column = 0; column < width; ++column) to[column] = from[column];
    for (int column = width; column < kPanel; ++column) to[column] = 0;
  }
}

// The same of the transposed matrix: row p and column j of the panel are from[(first + j) * from_row + p].
inline void pack_panel_transposed(const float* from, size_t from_row, int rows, int first, int columns, float* to) {
  const int width = columns - first < kPanel ? columns - first : kPanel;
  from += first * from_row;
  for (int column = 0; column < kPanel; ++column, from += from_row)
    for (int row = 0; row < rows; ++row) to[static_cast<size_t>(row) * kPanel + column] = column < width ? from[row] : 0;
}

}  // namespace bnn::avx2
