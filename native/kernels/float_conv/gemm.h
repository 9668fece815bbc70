// The matrix product of the float kernels. Tiles of kTileRows rows × kPanel columns are held in registers; B
// is packed into panels of kPanel columns, and A is read in place.
//
// Sums are taken in two levels: chains of at most about kChain products, then a chain of those sums. How a
// sum is cut follows from the shape alone, so results do not depend on the number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "parallel.h"

namespace bnn {
namespace {

// The sizes of a kernel with the registers of one instruction set (register_avx2.h, register_avx512.h). The
// family tells its functions apart in a profile.
template <class Family, class Registers>
struct FloatKernel {
  using Register = Registers;
  static constexpr int kTileRows = Register::kTileRows;
  static constexpr int kPanel = 2 * Register::kLanes;
  static constexpr int kChain = Register::kChain;
};

inline int divide_up(int a, int b) { return (a + b - 1) / b; }

// A piece of a sum: `length` columns of A and rows of a panel of B.
struct Segment {
  const float* a;
  const float* b;
  int length;
};

// What the pieces of a sum share. The element of A in row r and column p is a[r * a_row + p], or with
// kTransposed a[p * a_row + r]. The shifts are added to the pointers of each segment.
struct Operands {
  const Segment* segments;
  int count;
  size_t a_row;
  size_t a_shift;
  size_t b_shift;
};

enum class Store { kReplace, kAdd };

// It is a function of its own, so that gcc keeps its sums in registers wherever it is called.
template <class Kernel, bool kTransposed, int kRows, int kVectors>
__attribute__((noinline)) void tile(const Operands& in, float* out, size_t out_row, Store store) {
  using Register = typename Kernel::Register;
  constexpr int kPanel = Kernel::kPanel;
  typename Register::Value sum[kRows][kVectors];
#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) sum[r][v] = Register::zero();

  for (int i = 0; i < in.count; ++i) {
    const Segment& segment = in.segments[i];
    const float* a = segment.a + in.a_shift;
    const float* b = segment.b + in.b_shift;
    const float* const end = b + static_cast<size_t>(segment.length) * kPanel;
    const size_t row = in.a_row;
#pragma GCC unroll 2
    for (; b != end; b += kPanel) {
      typename Register::Value right[kVectors];
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) right[v] = Register::load_aligned(b + v * Register::kLanes);
#pragma GCC unroll 12
      for (int r = 0; r < kRows; ++r) {
        const typename Register::Value left = Register::broadcast(kTransposed ? a + r : a + r * row);
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) sum[r][v] = Register::multiply_add(left, right[v], sum[r][v]);
      }
      a += kTransposed ? row : 1;
    }
  }

#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      float* const to = out + r * out_row + v * Register::kLanes;
      Register::store(to, store == Store::kAdd ? Register::add(Register::load(to), sum[r][v]) : sum[r][v]);
    }
}

template <class Kernel, bool kTransposed, int kRows>
inline void tile_of_columns(const Operands& in, int columns, float* out, size_t out_row, Store store) {
  constexpr int kPanel = Kernel::kPanel;
  constexpr int kLanes = Kernel::Register::kLanes;
  if (columns == kPanel) return tile<Kernel, kTransposed, kRows, 2>(in, out, out_row, store);
  if (columns == kLanes) return tile<Kernel, kTransposed, kRows, 1>(in, out, out_row, store);
  alignas(64) float full[kRows * kPanel];
  if (columns < kLanes)
    tile<Kernel, kTransposed, kRows, 1>(in, full, kPanel, Store::kReplace);
  else
    tile<Kernel, kTransposed, kRows, 2>(in, full, kPanel, Store::kReplace);
  for (int r = 0; r < kRows; ++r)
    for (int column = 0; column < columns; ++column) {
      float& to = out[r * out_row + column];
      to = store == Store::kAdd ? to + full[r * kPanel + column] : full[r * kPanel + column];
    }
}

// out[r][column] = or += Σ A·B for at most kRows rows and at most kPanel columns of one panel.
template <class Kernel, bool kTransposed, int kRows = Kernel::kTileRows>
inline void tile_product(const Operands& in, int rows, int columns, float* out, size_t out_row, Store store) {
  if constexpr (kRows > 1)
    if (rows < kRows)
      return tile_product<Kernel, kTransposed, kRows - 1>(in, rows, columns, out, out_row, store);
  tile_of_columns<Kernel, kTransposed, kRows>(in, columns, out, out_row, store);
}

// The same for any number of rows.
template <class Kernel, bool kTransposed>
inline void panel_product(Operands in, int rows, int columns, float* out, size_t out_row, Store store) {
  constexpr int kTileRows = Kernel::kTileRows;
  for (int row = 0; row < rows; row += kTileRows) {
    const int height = rows - row < kTileRows ? rows - row : kTileRows;
    tile_product<Kernel, kTransposed>(in, height, columns, out + row * out_row, out_row, store);
    in.a_shift += kTransposed ? height : height * in.a_row;
  }
}

// Copies columns [first, first + kPanel) of `rows` rows of a matrix into a panel; columns from `columns` on
// become 0.
template <class Kernel>
inline void pack_panel(const float* from, size_t from_row, int rows, int first, int columns, float* to) {
  using Register = typename Kernel::Register;
  constexpr int kPanel = Kernel::kPanel;
  const int width = columns - first < kPanel ? columns - first : kPanel;
  from += first;
  if (width == kPanel) {
    for (int row = 0; row < rows; ++row, from += from_row, to += kPanel) {
      Register::store_aligned(to, Register::load(from));
      Register::store_aligned(to + Register::kLanes, Register::load(from + Register::kLanes));
    }
    return;
  }
  for (int row = 0; row < rows; ++row, from += from_row, to += kPanel) {
    for (int column = 0; column < width; ++column) to[column] = from[column];
    for (int column = width; column < kPanel; ++column) to[column] = 0;
  }
}

// The same for the transposed matrix: row p and column j of the panel are from[(first + j) * from_row + p].
template <class Kernel>
inline void pack_panel_transposed(const float* from, size_t from_row, int rows, int first, int columns,
                                  float* to) {
  constexpr int kPanel = Kernel::kPanel;
  const int width = columns - first < kPanel ? columns - first : kPanel;
  from += first * from_row;
  for (int column = 0; column < kPanel; ++column, from += from_row)
    for (int row = 0; row < rows; ++row)
      to[static_cast<size_t>(row) * kPanel + column] = column < width ? from[row] : 0;
}

}  // namespace
}  // namespace bnn
