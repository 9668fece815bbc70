// Gradient of a binary convolution to its filter. A table row has 16 output channels as lanes, and the rows
// of a table are the images of one output position. For each input channel the signs of the input at the
// position under each tap select their sums (sum_tables_avx2.h). The output positions are cut into ranges
// whose sums are added at the end, which gives tasks for all threads and a small rounding error.
#include <immintrin.h>

#include <algorithm>

#include "implementations.h"
#include "kernels/binary_conv/bit_words_avx2.h"
#include "kernels/binary_conv/table_costs_avx2.h"
#include "kernels/binary_conv/unpacked_avx2.h"
#include "parallel.h"
#include "reference/bits.h"
#include "scratch.h"

namespace bnn::avx2 {
namespace {

constexpr size_t kTableBytes = 26 << 10;  // of all tables that are kept in the L1 cache
constexpr int kMaxUnits = 32;             // a unit: the tables of an output position and a chunk of images
constexpr int kWantedTasks = 32;
constexpr size_t kMaxPartialBytes = 4u << 20;  // of sums of ranges

struct Plan {
  ConvShape shape;
  int channels;           // input channels, a multiple of 4
  int chunks;             // of kWordRows images
  int bits;               // rows of a table
  int tables;             // tables of a chunk
  int units;              // chunks whose tables are kept together
  int blocks;             // of kLanes output channels
  int ranges;             // of output positions
  const uint64_t* words;  // [chunk][input position][channels]
  const float* dy;
  const float* gate;   // or null
  const float* scale;  // null with latent
  const float* latent;
  float* dw;

  size_t block_sums() const { return static_cast<size_t>(shape.taps()) * channels * kLanes; }
  int chunk_rows(int chunk) const { return std::min(kWordRows, shape.n - chunk * kWordRows); }
};

// The sign words of one chunk of images at one input position.
void make_words(const Plan& p, const uint32_t* x, size_t position, int chunk, uint64_t* words) {
  const size_t row_words = packed_words(p.shape.c);
  const uint32_t* rows = x + (position * p.shape.n + chunk * kWordRows) * row_words;
  make_column_words(rows, row_words, p.chunk_rows(chunk), p.channels, words);
}

template <int kBits>
void build_unit(const Plan& p, size_t position, int chunk, int block, float* tables) {
  const ConvShape& s = p.shape;
  const float* dy = p.dy + (position * s.n + chunk * kWordRows) * s.k + block * kLanes;
  const int lanes = s.k - block * kLanes;
  const int count = p.chunk_rows(chunk);
  if (p.gate == nullptr) return build_tables_of_lanes<kBits>(dy, s.k, lanes, count, p.tables, tables);
  const float* gate = p.gate + static_cast<size_t>(chunk) * kWordRows * s.k + block * kLanes;
  const __m256i masks[2] = {first_lanes(lanes), first_lanes(lanes - 8)};
  alignas(64) float rows[kWordRows * kLanes];
  for (int i = 0; i < count; ++i)
    for (int half = 0; half < 2; ++half) {
      const size_t from = static_cast<size_t>(i) * s.k + 8 * half;
      const __m256 factor = _mm256_maskload_ps(gate + from, masks[half]);
      _mm256_store_ps(rows + i * kLanes + 8 * half,
                      _mm256_mul_ps(_mm256_maskload_ps(dy + from, masks[half]), factor));
    }
  build_tables<kBits>(rows, kLanes, count, p.tables, tables);
}

// Prefetches dy of a unit for build_unit: one cache line for each image, too far apart for the hardware to
// prefetch.
inline void prefetch_unit(const Plan& p, size_t position, int chunk, int block) {
  const float* dy = p.dy + (position * p.shape.n + chunk * kWordRows) * p.shape.k + block * kLanes;
  for (int i = 0; i < p.chunk_rows(chunk); ++i) __builtin_prefetch(dy + static_cast<size_t>(i) * p.shape.k);
}

// The sums [tap][channel][16] of one block of output channels over the output positions [first, end).
template <int kBits>
void sum_range(const Plan& p, int block, int64_t first, int64_t end, float* sums) {
  const ConvShape& s = p.shape;
  const size_t inputs = static_cast<size_t>(s.h) * s.w;
  const size_t unit_tables = table_floats(kBits, p.tables);
  Scratch scratch;
  float* tables = scratch.take<float>(unit_tables, p.units);
  std::fill_n(sums, p.block_sums(), 0.0f);
  const int64_t end_unit = end * p.chunks;
  for (int64_t unit = first * p.chunks; unit < end_unit; unit += p.units) {
    const int units = static_cast<int>(std::min<int64_t>(p.units, end_unit - unit));
    for (int u = 0; u < units; ++u)
      build_unit<kBits>(p, (unit + u) / p.chunks, static_cast<int>((unit + u) % p.chunks), block,
                        tables + u * unit_tables);
    for (int64_t next = unit + units; next < std::min(unit + 2 * units, end_unit); ++next)
      prefetch_unit(p, next / p.chunks, static_cast<int>(next % p.chunks), block);
    for (int ky = 0; ky < s.kernel_h; ++ky)
      for (int kx = 0; kx < s.kernel_w; ++kx) {
        SignedRows valid[kMaxUnits];
        int count = 0;
        for (int u = 0; u < units; ++u) {
          const int64_t position = (unit + u) / p.chunks;
          const int y = static_cast<int>(position / s.out_w) * s.stride_h + ky - s.pad_top;
          const int x = static_cast<int>(position % s.out_w) * s.stride_w + kx - s.pad_left;
          if (y < 0 || y >= s.h || x < 0 || x >= s.w) continue;
          const size_t source = (unit + u) % p.chunks * inputs + static_cast<size_t>(y) * s.w + x;
          valid[count++] = {tables + u * unit_tables, p.words + source * p.channels};
        }
        if (count == 0) continue;
        const int tap = ky * s.kernel_w + kx;
        accumulate<kBits>(added_to(sums + static_cast<size_t>(tap) * p.channels * kLanes), p.channels, valid,
                          count, p.tables);
      }
  }
}

// dw of one tap and block from the sums of all ranges, which are `range_stride` floats apart. The rows of dw
// are too far apart for the hardware to prefetch.
void finish(const Plan& p, int block, int tap, const float* sums, size_t range_stride) {
  constexpr int kAhead = 12;
  const ConvShape& s = p.shape;
  const int k0 = block * kLanes;
  const __m256 one = _mm256_set1_ps(1.0f);
  const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
  const __m256i masks[2] = {first_lanes(s.k - k0), first_lanes(s.k - k0 - 8)};
  __m256 scales[2] = {};
  for (int half = 0; half < 2 && p.scale; ++half)
    scales[half] = _mm256_maskload_ps(p.scale + k0 + 8 * half, masks[half]);
  const float* latent = p.latent ? p.latent + static_cast<size_t>(tap) * s.c * s.k + k0 : nullptr;
  float* dw = p.dw + static_cast<size_t>(tap) * s.c * s.k + k0;
  const float* from = sums + static_cast<size_t>(tap) * p.channels * kLanes;
  for (int c = 0; c < s.c; ++c, from += kLanes, dw += s.k) {
    if (latent) __builtin_prefetch(latent + static_cast<size_t>(kAhead) * s.k, 0);
    __builtin_prefetch(dw + static_cast<size_t>(kAhead) * s.k, 1);
    for (int half = 0; half < 2; ++half) {
      __m256 total = _mm256_load_ps(from + 8 * half);
      for (int range = 1; range < p.ranges; ++range)
        total = _mm256_add_ps(total, _mm256_load_ps(from + 8 * half + range * range_stride));
      if (latent) {
        const __m256 size = _mm256_and_ps(_mm256_maskload_ps(latent + 8 * half, masks[half]), magnitude);
        total = _mm256_and_ps(_mm256_mul_ps(total, scales[half]), _mm256_cmp_ps(size, one, _CMP_LE_OQ));
      }
      _mm256_maskstore_ps(dw + 8 * half, masks[half], total);
    }
    if (latent) latent += s.k;
  }
}

bool tables_pay(const Plan& p, int64_t outputs) {
  const ConvShape& s = p.shape;
  const double sums = tap_pairs(s) * p.chunks * (p.channels * row_cycles(p.tables) + kCallCycles / p.units);
  const double tables = static_cast<double>(outputs) * p.chunks * tables_cycles(p.bits, p.tables);
  const double partials = static_cast<double>(p.ranges) * s.taps() * p.channels * 2 * kRowCycles;
  return kSureGain * p.blocks * (sums + tables + partials) < float_cycles(s, s.c, s.k);
}

void run_in_floats(const BinaryConvBackwardFilter& a) {
  Scratch scratch;
  const ConvShape& s = a.shape;
  float_conv_backward_filter_avx2(FloatConvBackwardFilter{s, unpacked_input(s, a.x, scratch),
                                                          gated_gradient(s, a.dy, a.gate, scratch), a.dw});
  if (a.latent != nullptr)
    straight_through_filter_avx2(
        StraightThroughFilter{static_cast<size_t>(s.taps()) * s.c, s.k, a.scale, a.latent, a.dw});
}

}  // namespace

void binary_conv_backward_filter_avx2(const BinaryConvBackwardFilter& a) {
  const ConvShape& s = a.shape;
  const int64_t outputs = static_cast<int64_t>(s.out_h) * s.out_w;
  const int64_t inputs = static_cast<int64_t>(s.h) * s.w;
  Plan p{};
  p.shape = s;
  p.channels = (s.c + 3) / 4 * 4;
  p.chunks = (s.n + kWordRows - 1) / kWordRows;
  p.bits = best_table_bits(std::min(s.n, kWordRows), s.taps() * s.c);
  p.tables = (std::min(s.n, kWordRows) + p.bits - 1) / p.bits;
  p.units = std::clamp(static_cast<int>(kTableBytes / (table_floats(p.bits, p.tables) * sizeof(float))), 1,
                       kMaxUnits);
  p.blocks = (s.k + kLanes - 1) / kLanes;
  const size_t all_sums = p.block_sums() * p.blocks;
  const int64_t affordable = kMaxPartialBytes / (all_sums * sizeof(float));
  p.ranges = static_cast<int>(std::max<int64_t>(
      1, std::min({int64_t{(kWantedTasks + p.blocks - 1) / p.blocks}, affordable, outputs})));
  if (!tables_pay(p, outputs)) return run_in_floats(a);
  p.dy = a.dy;
  p.gate = a.gate;
  p.scale = a.scale;
  p.latent = a.latent;
  p.dw = a.dw;
  Scratch scratch;
  uint64_t* words = scratch.take<uint64_t>(p.chunks, inputs, p.channels);
  p.words = words;
  parallel_for(inputs, [&](int64_t position) {
    for (int chunk = 0; chunk < p.chunks; ++chunk)
      make_words(p, a.x, position, chunk,
                 words + (static_cast<size_t>(chunk) * inputs + position) * p.channels);
  });
  float* partials = p.ranges > 1 ? scratch.take<float>(all_sums, p.ranges) : nullptr;
  parallel_for(static_cast<int64_t>(p.blocks) * p.ranges, [&](int64_t task) {
    const int block = static_cast<int>(task % p.blocks);
    const int64_t range = task / p.blocks;
    Scratch task_scratch;
    float* sums = partials ? partials + range * all_sums + block * p.block_sums()
                           : task_scratch.take<float>(p.block_sums());
    const int64_t first = range * outputs / p.ranges;
    const int64_t end = (range + 1) * outputs / p.ranges;
    p.bits == 4 ? sum_range<4>(p, block, first, end, sums) : sum_range<5>(p, block, first, end, sums);
    if (partials == nullptr)
      for (int tap = 0; tap < s.taps(); ++tap) finish(p, block, tap, sums, 0);
  });
  if (partials != nullptr)
    parallel_for(static_cast<int64_t>(p.blocks) * s.taps(), [&](int64_t task) {
      const int block = static_cast<int>(task % p.blocks);
      finish(p, block, static_cast<int>(task / p.blocks), partials + block * p.block_sums(), all_sums);
    });
}

}  // namespace bnn::avx2
