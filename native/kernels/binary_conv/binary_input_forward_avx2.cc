// Convolution of ±1 activations with float weights. A table row has 16 output channels as lanes, and the rows
// of a table are the input channels of one tap. For each image the signs of the input at the position under
// the tap select their sums (sum_tables_avx2.h). The tables of the weights serve all positions: a task builds
// each of them once for a strip of output positions. Where every lane is a channel of the output, the last
// pass over the taps writes to the output itself.
#include <immintrin.h>

#include <algorithm>

#include "implementations.h"
#include "kernels/binary_conv/bit_words_avx2.h"
#include "kernels/binary_conv/sum_tables_avx2.h"
#include "kernels/binary_conv/table_costs_avx2.h"
#include "kernels/binary_conv/unpacked_avx2.h"
#include "kernels/streaming.h"
#include "parallel.h"
#include "reference/bits.h"
#include "scratch.h"

namespace bnn::avx2 {
namespace {

constexpr size_t kTableBytes = 26 << 10;  // of all tables that are kept in the L1 cache
constexpr int kMaxUnits = 32;             // a unit: the tables of a tap and a chunk of input channels
constexpr int kStripRows = 1536;          // rows of sums of a task, which stay in the L2 cache

struct Plan {
  ConvShape shape;
  int images;             // rounded up to a multiple of 4
  int chunks;             // of input channels
  int chunk_channels;     // at most kWordRows
  int bits;               // rows of a table
  int tables;             // tables of a chunk
  int units;              // chunks whose tables are kept together
  int blocks;             // of kLanes output channels
  int strip;              // output positions of a task
  bool whole;             // sums go to the output as they are, since rows and lanes are all of the output
  bool streamed;          // the output is written past the caches
  const uint64_t* words;  // [chunk][input position][image]
  const float* w;
  float* y;

  int chunk_rows(int chunk) const { return std::min(chunk_channels, shape.c - chunk * chunk_channels); }
};

// Where the sums of an output position go: in the last pass to the output, if they can, otherwise to their
// place in `sums`.
inline SumRows rows_of(const Plan& p, int block, int64_t position, float* sums, bool first_pass,
                       bool last_pass) {
  const float* before = first_pass ? nullptr : sums;
  if (!p.whole || !last_pass) return {sums, kLanes, before};
  const size_t k = p.shape.k;
  return {p.y + position * p.shape.n * k + block * kLanes, k, before, p.streamed};
}

// Rows to which no tap adds anything.
inline void keep_rows(const SumRows& rows, int count) {
  const __m256 none[8] = {};
  for (int i = 0; i < count; i += 4) finish_rows(none, rows, i);
}

// The sums [output position][image][16] of one block of output channels over the output positions [first,
// end).
template <int kBits>
void sum_strip(const Plan& p, int block, int64_t first, int64_t end, float* sums) {
  const ConvShape& s = p.shape;
  const size_t inputs = static_cast<size_t>(s.h) * s.w;
  const size_t position_floats = static_cast<size_t>(p.images) * kLanes;
  const size_t unit_tables = table_floats(kBits, p.tables);
  Scratch scratch;
  float* tables = scratch.take<float>(unit_tables, p.units);
  const int all_units = s.taps() * p.chunks;
  for (int unit = 0; unit < all_units; unit += p.units) {
    const int units = std::min(p.units, all_units - unit);
    for (int u = 0; u < units; ++u) {
      const int tap = (unit + u) / p.chunks;
      const int chunk = (unit + u) % p.chunks;
      const float* rows =
          p.w + (static_cast<size_t>(tap) * s.c + chunk * p.chunk_channels) * s.k + block * kLanes;
      build_tables_of_lanes<kBits>(rows, s.k, s.k - block * kLanes, p.chunk_rows(chunk), p.tables,
                                   tables + u * unit_tables);
    }
    for (int64_t position = first; position < end; ++position) {
      const int top = static_cast<int>(position / s.out_w) * s.stride_h - s.pad_top;
      const int left = static_cast<int>(position % s.out_w) * s.stride_w - s.pad_left;
      SignedRows valid[kMaxUnits];
      int count = 0;
      for (int u = 0; u < units; ++u) {
        const int tap = (unit + u) / p.chunks;
        const int y = top + tap / s.kernel_w;
        const int x = left + tap % s.kernel_w;
        if (y < 0 || y >= s.h || x < 0 || x >= s.w) continue;
        const size_t source = (unit + u) % p.chunks * inputs + static_cast<size_t>(y) * s.w + x;
        valid[count++] = {tables + u * unit_tables, p.words + source * p.images};
      }
      const SumRows rows = rows_of(p, block, position, sums + (position - first) * position_floats, unit == 0,
                                   unit + units == all_units);
      count > 0 ? accumulate<kBits>(rows, p.images, valid, count, p.tables) : keep_rows(rows, p.images);
    }
  }
}

void store_strip(const Plan& p, int block, int64_t first, int64_t end, const float* sums) {
  const ConvShape& s = p.shape;
  const int k0 = block * kLanes;
  const __m256i masks[2] = {first_lanes(s.k - k0), first_lanes(s.k - k0 - 8)};
  for (int64_t position = first; position < end; ++position, sums += static_cast<size_t>(p.images) * kLanes)
    for (int image = 0; image < s.n; ++image) {
      float* y = p.y + (position * s.n + image) * s.k + k0;
      for (int half = 0; half < 2; ++half)
        _mm256_maskstore_ps(y + 8 * half, masks[half], _mm256_load_ps(sums + image * kLanes + 8 * half));
    }
}

// Divides `all` into as few parts as possible with at most `most` in each, nearly equal. Returns the size of
// a part.
inline int balanced(int all, int most) {
  const int parts = (all + most - 1) / most;
  return (all + parts - 1) / parts;
}

bool tables_pay(const Plan& p, int64_t outputs) {
  const ConvShape& s = p.shape;
  const double strips = static_cast<double>((outputs + p.strip - 1) / p.strip);
  const double sums = tap_pairs(s) * p.chunks * (p.images * row_cycles(p.tables) + kCallCycles / p.units);
  const double tables = strips * s.taps() * p.chunks * tables_cycles(p.bits, p.tables);
  const double rows = static_cast<double>(outputs) * p.images * 2 * kRowCycles;
  return kSureGain * p.blocks * (sums + tables + rows) < float_cycles(s, s.c, s.k);
}

}  // namespace

void binary_input_conv_forward_avx2(const BinaryInputConvForward& a) {
  const ConvShape& s = a.shape;
  const int64_t outputs = static_cast<int64_t>(s.out_h) * s.out_w;
  const int64_t inputs = static_cast<int64_t>(s.h) * s.w;
  Plan p{};
  p.shape = s;
  p.images = (s.n + 3) / 4 * 4;
  p.chunks = (s.c + kWordRows - 1) / kWordRows;
  p.chunk_channels = (s.c + p.chunks - 1) / p.chunks;
  p.strip = static_cast<int>(std::clamp<int64_t>(kStripRows / p.images, 1, std::max<int64_t>(outputs, 1)));
  p.bits = best_table_bits(p.chunk_channels, p.strip * p.images);
  p.tables = (p.chunk_channels + p.bits - 1) / p.bits;
  const int most_units = std::clamp(
      static_cast<int>(kTableBytes / (table_floats(p.bits, p.tables) * sizeof(float))), 1, kMaxUnits);
  p.units = balanced(s.taps() * p.chunks, most_units);
  p.blocks = (s.k + kLanes - 1) / kLanes;
  p.whole = s.n == p.images && s.k % kLanes == 0;
  p.streamed = worth_streaming(a.y, s.output_size(), kConvolvedFloats);
  p.w = a.w;
  p.y = a.y;
  Scratch scratch;
  if (!tables_pay(p, outputs))
    return float_conv_forward_avx2(FloatConvForward{s, unpacked_input(s, a.x, scratch), a.w, a.y});
  const size_t row_words = packed_words(s.c);
  uint64_t* words = scratch.take<uint64_t>(p.chunks, inputs, p.images);
  p.words = words;
  parallel_for(inputs, [&](int64_t position) {
    for (int chunk = 0; chunk < p.chunks; ++chunk) {
      uint64_t* to = words + (chunk * inputs + position) * p.images;
      const uint32_t* rows = a.x + position * s.n * row_words;
      if (row_words == 1)
        for (int image = 0; image < s.n; ++image) to[image] = sign_word(rows[image]);
      else
        for (int image = 0; image < s.n; ++image)
          to[image] = sign_word(bits_from(rows + image * row_words, row_words, chunk * p.chunk_channels));
      std::fill(to + s.n, to + p.images, uint64_t{0});
    }
  });
  const int64_t strips = (outputs + p.strip - 1) / p.strip;
  parallel_for(strips * p.blocks, [&](int64_t task) {
    const int block = static_cast<int>(task % p.blocks);
    const int64_t first = task / p.blocks * p.strip;
    const int64_t end = std::min(outputs, first + p.strip);
    Scratch task_scratch;
    float* sums = task_scratch.take<float>(end - first, p.images, kLanes);
    p.bits == 4 ? sum_strip<4>(p, block, first, end, sums) : sum_strip<5>(p, block, first, end, sums);
    if (!p.whole) store_strip(p, block, first, end, sums);
    if (p.whole && p.streamed) _mm_sfence();
  });
}

}  // namespace bnn::avx2
