// Sums of signed floats by tables in registers. 4 floats have 16 sums ±v0 ±v1 ±v2 ±v3, which fill one
// register. vpermps takes 16 times 4 sign bits and looks up 16 of these sums at once, so 64 products cost one
// look-up and one addition.
//
// Both gradients of a binary convolution have this form with input channels as lanes: the gradient to the
// input with the floats of 4 output channels and signs of the filter, the gradient to the filter with the
// floats of 4 images and signs of the input.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/lanes_avx512.h"

namespace bnn::avx512 {
namespace {

constexpr int kTableRows = 4;     // floats that a table sums
constexpr int kIndexVectors = 4;  // vectors of lanes whose indices lie in one row of bytes
constexpr int kBlock = kIndexVectors * kLanes;
constexpr size_t kIndexRow = 64;  // bytes: byte 4 · lane + vector is an index, its high half without meaning
constexpr size_t kIndexSlack = kIndexRow;  // bytes that may be read after the last row

inline int tables_of(int rows) { return (rows + kTableRows - 1) / kTableRows; }

// Lane i of signs[j] is +1 where bit j of i is 1, and −1 elsewhere.
struct TableSigns {
  __m512 signs[kTableRows];

  TableSigns() {
    const __mmask16 lanes[kTableRows] = {0xaaaa, 0xcccc, 0xf0f0, 0xff00};
    for (int j = 0; j < kTableRows; ++j)
      signs[j] = _mm512_mask_mov_ps(_mm512_set1_ps(-1.0f), lanes[j], _mm512_set1_ps(1.0f));
  }

  // The table of 4 floats that are `stride` apart.
  inline void store_table(const float* values, size_t stride, float* table) const {
    __m512 sums = _mm512_mul_ps(signs[0], _mm512_set1_ps(values[0]));
#pragma GCC unroll 4
    for (int j = 1; j < kTableRows; ++j)
      sums = _mm512_fmadd_ps(signs[j], _mm512_set1_ps(values[j * stride]), sums);
    _mm512_store_ps(table, sums);
  }
};

// Tables [table][row][16], and for each table a row of indices, which serves all rows of the table.
struct Unit {
  const float* tables;
  const uint8_t* indices;
};

// The part of the units' tables that is looked up: `count` tables from offset `tables` on (in floats), with
// indices from offset `indices` on (in bytes). Masks, where there are some, say for each table and vector
// which lanes the table adds to.
struct Span {
  int count;
  size_t tables, indices;
  const __mmask16* masks;  // [table][mask_stride], or null
  size_t mask_stride;
};

// Where the sums of a tile go.
struct Target {
  float* to;
  size_t stride;         // floats from row to row
  int rows;              // rows to store
  __mmask16 last_lanes;  // of the last vector
  bool add;              // to what is there
};

// Sums of kRows rows × kVectors vectors over the tables of a span of all units. Every second addition is
// written as a multiplication by 1, since the two use different ports on some CPUs. It is a function of its
// own, because gcc 12 runs out of registers where it is inlined. The family tells the functions of two
// kernels apart in a profile.
template <class Family, int kRows, int kVectors, bool kMasked>
__attribute__((noinline)) void look_up_tile(const Unit* units, int count, const Span& span,
                                            const Target& out) {
  __m512 sums[kRows][kVectors];
  __m512 one = _mm512_set1_ps(1.0f);
  hold(one);
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sums[r][v] = _mm512_setzero_ps();
  for (int u = 0; u < count; ++u) {
    const float* table = units[u].tables + span.tables;
    const uint8_t* row = units[u].indices + span.indices;
    const __mmask16* masks = span.masks;
    for (int index = 0; index < span.count;
         ++index, row += kIndexRow, masks += kMasked ? span.mask_stride : 0) {
      __m512i indices[kVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        indices[v] = _mm512_loadu_si512(row + v);  // byte v of each lane comes to be its lowest
        hold(indices[v]);
      }
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r, table += kLanes) {
        __m512 entries = _mm512_load_ps(table);
        hold(entries);
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          const __m512 found = kMasked ? _mm512_maskz_permutexvar_ps(masks[v], indices[v], entries)
                                       : _mm512_permutexvar_ps(indices[v], entries);
          sums[r][v] = (r * kVectors + v) % 2 ? _mm512_fmadd_ps(found, one, sums[r][v])
                                              : _mm512_add_ps(sums[r][v], found);
        }
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    if (r >= out.rows) break;
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const __mmask16 lanes = v == kVectors - 1 ? out.last_lanes : first_lanes(kLanes);
      float* to = out.to + r * out.stride + v * kLanes;
      const __m512 total = out.add ? _mm512_add_ps(_mm512_maskz_loadu_ps(lanes, to), sums[r][v]) : sums[r][v];
      _mm512_mask_storeu_ps(to, lanes, total);
    }
  }
}

// Rows of a tile: enough sums that their additions do not wait for each other, and few enough for the
// registers.
inline int tile_rows(int channels) { return channels <= 2 * kLanes ? 8 : 4; }

template <class Family, bool kMasked>
void look_up_vectors(int rows, int vectors, const Unit* units, int count, const Span& span,
                     const Target& out) {
  if (rows == 8)
    return vectors == 1 ? look_up_tile<Family, 8, 1, kMasked>(units, count, span, out)
                        : look_up_tile<Family, 8, 2, kMasked>(units, count, span, out);
  switch (vectors) {
    case 1:
      return look_up_tile<Family, 4, 1, kMasked>(units, count, span, out);
    case 2:
      return look_up_tile<Family, 4, 2, kMasked>(units, count, span, out);
    case 3:
      return look_up_tile<Family, 4, 3, kMasked>(units, count, span, out);
    default:
      return look_up_tile<Family, 4, 4, kMasked>(units, count, span, out);
  }
}

// A tile of `rows` rows, as tile_rows gives them, and `vectors` vectors.
template <class Family>
inline void look_up(int rows, int vectors, const Unit* units, int count, const Span& span,
                    const Target& out) {
  span.masks ? look_up_vectors<Family, true>(rows, vectors, units, count, span, out)
             : look_up_vectors<Family, false>(rows, vectors, units, count, span, out);
}

}  // namespace
}  // namespace bnn::avx512
