// Sums of signed rows by table. B rows of 16 floats have 2^B sums ±r0 ±r1 … ±r(B−1). A table holds them all,
// and B sign bits of a word select one, so a signed sum of many rows costs one load and one addition for
// every B of them.
//
// Convolutions with one operand in bits have this form: with rows of 16 images (one row for each channel,
// signs of the filter), or with rows of 16 output channels (one row for each input channel or image, signs of
// the input).
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace bnn::avx2 {
namespace {

constexpr int kLanes = 16;
constexpr int kRowBytes = kLanes * sizeof(float);
constexpr int kWordRows = 64;  // signs in a word
// Words are kept rotated by this many bits, so that a field is a byte offset into a table.
constexpr int kWordShift = 6;

static_assert(kRowBytes == 1 << kWordShift, "a field of a word must select a row of its table");

inline uint64_t rotate_right(uint64_t v, int by) { return v >> by | v << (64 - by); }

// A word in the form that accumulate() takes: bit r of `signs` is the sign of row r.
inline uint64_t sign_word(uint64_t signs) { return rotate_right(signs, 64 - kWordShift); }

inline size_t table_floats(int bits, int table_count) {
  return static_cast<size_t>(table_count) * kLanes << bits;
}

// The `table_count` tables of kBits rows each. Rows from `count` on are zeros.
template <int kBits>
inline void build_tables(const float* rows, size_t stride, int count, int table_count, float* table) {
  static_assert(kBits == 4 || kBits == 5, "tables of 4 or 5 rows");
  const __m256 zero = _mm256_setzero_ps();
  for (int index = 0; index < table_count; ++index, rows += kBits * stride, count -= kBits)
    for (int lane = 0; lane < kLanes; lane += 8) {
      float* to = table + (static_cast<size_t>(index) * kLanes << kBits) + lane;
      const float* from = rows + lane;
      const __m256 r0 = count > 0 ? _mm256_loadu_ps(from) : zero;
      const __m256 r1 = count > 1 ? _mm256_loadu_ps(from + stride) : zero;
      const __m256 r2 = count > 2 ? _mm256_loadu_ps(from + 2 * stride) : zero;
      const __m256 r3 = count > 3 ? _mm256_loadu_ps(from + 3 * stride) : zero;
      const __m256 sum01 = _mm256_add_ps(r0, r1), difference01 = _mm256_sub_ps(r0, r1);
      const __m256 sum23 = _mm256_add_ps(r2, r3), difference23 = _mm256_sub_ps(r2, r3);
      const __m256 low[4] = {_mm256_sub_ps(zero, sum01), difference01, _mm256_sub_ps(zero, difference01),
                             sum01};
      const __m256 high[4] = {_mm256_sub_ps(zero, sum23), difference23, _mm256_sub_ps(zero, difference23),
                              sum23};
      if (kBits == 4) {
#pragma GCC unroll 16
        for (int i = 0; i < 16; ++i)
          _mm256_store_ps(to + i * kLanes, _mm256_add_ps(low[i & 3], high[i >> 2]));
      } else {
        const __m256 r4 = count > 4 ? _mm256_loadu_ps(from + 4 * stride) : zero;
#pragma GCC unroll 4
        for (int j = 0; j < 4; ++j) {
          const __m256 minus = _mm256_sub_ps(high[j], r4), plus = _mm256_add_ps(high[j], r4);
#pragma GCC unroll 4
          for (int i = 0; i < 4; ++i) {
            _mm256_store_ps(to + (4 * j + i) * kLanes, _mm256_add_ps(low[i], minus));
            _mm256_store_ps(to + (16 + 4 * j + i) * kLanes, _mm256_add_ps(low[i], plus));
          }
        }
      }
    }
}

// The mask of the first `count` of 8 lanes.
inline __m256i first_lanes(int count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

// The same for at most kWordRows rows of `lanes` floats, with zeros for the lanes after them.
template <int kBits>
inline void build_tables_of_lanes(const float* rows, size_t stride, int lanes, int count, int table_count,
                                  float* table) {
  if (lanes >= kLanes) return build_tables<kBits>(rows, stride, count, table_count, table);
  alignas(64) float whole[kWordRows * kLanes];
  const __m256i low = first_lanes(lanes);
  const __m256i high = first_lanes(lanes - 8);
  for (int i = 0; i < count; ++i) {
    _mm256_store_ps(whole + i * kLanes, _mm256_maskload_ps(rows + i * stride, low));
    _mm256_store_ps(whole + i * kLanes + 8, _mm256_maskload_ps(rows + i * stride + 8, high));
  }
  build_tables<kBits>(whole, kLanes, count, table_count, table);
}

// Tables, and for each row of sums the signs of the tables' rows.
struct SignedRows {
  const float* table;
  const uint64_t* words;
};

// Adds the row of a table that the first field of a word selects, and rotates the word to its next field. In
// assembly, because the compiler would compute the offsets of several words in a vector, which then go
// through memory.
template <int kBits>
inline void add_selected(const char* table, uint64_t& word, __m256& low, __m256& high) {
  size_t offset;
  __asm__(
      "mov %[word], %[offset]\n\t"
      "ror %[bits], %[word]\n\t"
      "and %[field], %k[offset]\n\t"
      "vaddps (%[table],%[offset]), %[low], %[low]\n\t"
      "vaddps 32(%[table],%[offset]), %[high], %[high]"
      : [offset] "=&r"(offset), [word] "+r"(word), [low] "+x"(low), [high] "+x"(high)
      : [bits] "i"(kBits), [field] "i"(((1 << kBits) - 1) << kWordShift), [table] "r"(table)
      : "memory");
}

// Where sums of rows go, 16 floats each.
struct SumRows {
  float* to;
  size_t stride;          // floats from a row to the next
  const float* before;    // sums to add to, with kLanes floats to a row; null for none
  bool streamed = false;  // written past the caches; the rows are aligned then
};

// Contiguous rows to which the sums are added, and contiguous rows that they overwrite.
inline SumRows added_to(float* sums) { return {sums, kLanes, sums}; }
inline SumRows set_in(float* sums) { return {sums, kLanes, nullptr}; }

// Stores the totals of four rows, from row i on.
inline void finish_rows(const __m256 totals[8], const SumRows& rows, int i) {
  const auto sum = [&](int j) {
    if (rows.before == nullptr) return totals[j];
    return _mm256_add_ps(_mm256_load_ps(rows.before + i * kLanes + 8 * j), totals[j]);
  };
  float* to = rows.to + i * rows.stride;
#pragma GCC unroll 8
  for (int j = 0; j < 8; ++j) {
    float* place = to + j / 2 * rows.stride + j % 2 * 8;
    rows.streamed ? _mm256_stream_ps(place, sum(j)) : _mm256_storeu_ps(place, sum(j));
  }
}

// Four words at a time, since their additions do not wait for each other. kRest is table_count % 4: a short
// loop of unrolled steps has no branch that is hard to predict.
template <int kBits, int kRest>
inline void accumulate_tables(const SumRows& rows, int count, const SignedRows* units, int unit_count,
                              int table_count) {
  constexpr size_t table_bytes = static_cast<size_t>(kRowBytes) << kBits;
  for (int i = 0; i < count; i += 4) {
    __m256 a0 = _mm256_setzero_ps(), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
    for (int u = 0; u < unit_count; ++u) {
      const char* table = reinterpret_cast<const char*>(units[u].table);
      const uint64_t* words = units[u].words + i;
      uint64_t a = words[0], b = words[1], c = words[2], d = words[3];
      const auto add_table = [&](int index) __attribute__((always_inline)) {
        add_selected<kBits>(table + index * table_bytes, a, a0, a1);
        add_selected<kBits>(table + index * table_bytes, b, b0, b1);
        add_selected<kBits>(table + index * table_bytes, c, c0, c1);
        add_selected<kBits>(table + index * table_bytes, d, d0, d1);
      };
      for (int done = 4; done <= table_count; done += 4, table += 4 * table_bytes) {
        add_table(0);
        add_table(1);
        add_table(2);
        add_table(3);
      }
      if (kRest > 0) add_table(0);
      if (kRest > 1) add_table(1);
      if (kRest > 2) add_table(2);
    }
    const __m256 totals[8] = {a0, a1, b0, b1, c0, c1, d0, d1};
    finish_rows(totals, rows, i);
  }
}

// The same with all sizes known: no branch but that of the rows.
template <int kBits, int kUnits, int kTables>
inline void accumulate_known(const SumRows& rows, int count, const SignedRows* units) {
  constexpr size_t table_bytes = static_cast<size_t>(kRowBytes) << kBits;
  for (int i = 0; i < count; i += 4) {
    __m256 a0 = _mm256_setzero_ps(), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
#pragma GCC unroll 4
    for (int u = 0; u < kUnits; ++u) {
      const char* table = reinterpret_cast<const char*>(units[u].table);
      const uint64_t* words = units[u].words + i;
      uint64_t a = words[0], b = words[1], c = words[2], d = words[3];
#pragma GCC unroll 8
      for (int index = 0; index < kTables; ++index, table += table_bytes) {
        add_selected<kBits>(table, a, a0, a1);
        add_selected<kBits>(table, b, b0, b1);
        add_selected<kBits>(table, c, c0, c1);
        add_selected<kBits>(table, d, d0, d1);
      }
    }
    const __m256 totals[8] = {a0, a1, b0, b1, c0, c1, d0, d1};
    finish_rows(totals, rows, i);
  }
}

// Sums the signed rows of all units, for `count` rows of sums (a multiple of 4). The units are summed from
// zero first: a sum of two levels has a small rounding error.
template <int kBits>
inline void accumulate(const SumRows& rows, int count, const SignedRows* units, int unit_count,
                       int table_count) {
  if (kBits == 4 && unit_count == 3 && table_count == 4)
    return accumulate_known<kBits, 3, 4>(rows, count, units);
  if (kBits == 4 && unit_count == 3 && table_count == 8)
    return accumulate_known<kBits, 3, 8>(rows, count, units);
  switch (table_count % 4) {
    case 0:
      return accumulate_tables<kBits, 0>(rows, count, units, unit_count, table_count);
    case 1:
      return accumulate_tables<kBits, 1>(rows, count, units, unit_count, table_count);
    case 2:
      return accumulate_tables<kBits, 2>(rows, count, units, unit_count, table_count);
    default:
      return accumulate_tables<kBits, 3>(rows, count, units, unit_count, table_count);
  }
}

// Tables of 4 or 5 rows, whichever takes fewer memory accesses. A table is written once and read `reads`
// times.
inline int best_table_bits(int rows, int reads) {
  const auto cost = [&](int bits) {
    const int table_count = (rows + bits - 1) / bits;
    return table_count * ((int64_t{2} << bits) + reads);
  };
  return cost(4) <= cost(5) ? 4 : 5;
}

}  // namespace
}  // namespace bnn::avx2
