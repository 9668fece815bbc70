// Gradient of a binary convolution to its filter. A table has the sums of the output gradients of four images
// at one output position. The signs of these images look up the sums for 16 input channels under each tap
// (sum_registers_avx512.h). The output positions are cut into ranges whose sums are added at the end, which
// gives tasks for all threads and a small rounding error.
//
// With several groups a tile of output channels sums all vectors of input channels that one of them sees.
// `finish` then takes the input channels of each output channel's own group.
#include <algorithm>

#include "implementations.h"
#include "kernels/binary_conv/sum_registers_avx512.h"
#include "kernels/binary_conv/transpose_avx512.h"
#include "parallel.h"
#include "reference/bits.h"
#include "scratch.h"
#include "sequences/grouped.h"

namespace bnn::avx512 {
namespace {

constexpr size_t kTableBytes = 24 << 10;  // of all tables that are kept in the L1 cache
constexpr int kMaxUnits = 32;             // a unit: the tables of an output position and a chunk of images
constexpr int kMostImages = 64;           // of a unit
constexpr int kWantedTasks = 32;
constexpr size_t kMaxPartialBytes = 4u << 20;  // of sums of ranges

struct Plan {
  ConvShape shape;
  int channels;            // input channels, a multiple of kLanes
  int channel_blocks;      // of kBlock input channels
  int tile;                // output channels
  int images;              // of a unit, a multiple of kTableRows
  int chunks;              // of so many images
  int units;               // whose tables are kept together
  int blocks;              // of kLanes output channels
  int ranges;              // of output positions
  const uint8_t* indices;  // [chunk][input position][channel block][table] rows
  const float* dy;
  const float* gate;   // or null
  const float* scale;  // null with latent
  const float* latent;
  float* dw;

  int tables() const { return images / kTableRows; }
  int chunk_images(int chunk) const { return std::min(images, shape.n - chunk * images); }
  size_t position_indices() const { return static_cast<size_t>(channel_blocks) * tables() * kIndexRow; }
  size_t unit_tables() const { return static_cast<size_t>(tables()) * tile * kLanes; }
  size_t unit_rows() const { return static_cast<size_t>(images) * kLanes; }
  size_t tap_sums() const { return static_cast<size_t>(channels) * kLanes; }
  size_t block_sums() const { return shape.taps() * tap_sums(); }
};

// The indices of one chunk of images at one input position.
void make_indices(const Plan& p, const uint32_t* x, size_t position, int chunk, uint8_t* indices) {
  const ConvShape& s = p.shape;
  const size_t row_words = packed_words(s.c);
  const uint32_t* images = x + (position * s.n + static_cast<size_t>(chunk) * p.images) * row_words;
  const int count = p.chunk_images(chunk);
  for (int block = 0; block < p.channel_blocks; ++block)
    for (int first = 0; first < p.images; first += kTableRows, indices += kIndexRow) {
      __m512i row = _mm512_setzero_si512();
      for (int i = 0; i < kTableRows && first + i < count; ++i)
#pragma GCC unroll 4
        for (int v = 0; v < kIndexVectors; ++v) {
          const int c = block * kBlock + v * kLanes;
          if (c >= s.c) break;
          const __mmask16 signs = static_cast<__mmask16>(images[(first + i) * row_words + c / 32] >> c % 32);
          row = _mm512_mask_or_epi32(row, signs, row, _mm512_set1_epi32(1 << (8 * v + i)));
        }
      _mm512_store_si512(indices, row);
    }
}

// dy of a unit and a block of output channels, times the gate, as [image][16] with zeros where there is no
// image or channel. In dy itself the rows are so far apart that few of them fit into the L1 cache.
void copy_rows(const Plan& p, size_t position, int chunk, int block, float* rows) {
  const ConvShape& s = p.shape;
  const __mmask16 lanes = first_lanes(s.k - block * kLanes);
  const float* dy = p.dy + (position * s.n + static_cast<size_t>(chunk) * p.images) * s.k + block * kLanes;
  const float* gate =
      p.gate == nullptr ? nullptr : p.gate + static_cast<size_t>(chunk) * p.images * s.k + block * kLanes;
  const int count = p.chunk_images(chunk);
  for (int image = 0; image < p.images; ++image, dy += s.k, rows += kLanes) {
    __m512 row = image < count ? _mm512_maskz_loadu_ps(lanes, dy) : _mm512_setzero_ps();
    if (gate != nullptr && image < count)
      row = _mm512_mul_ps(row, _mm512_maskz_loadu_ps(lanes, gate + static_cast<size_t>(image) * s.k));
    _mm512_store_ps(rows, row);
  }
}

// Prefetches dy of a unit for copy_rows.
void prefetch_rows(const Plan& p, size_t position, int chunk, int block) {
  const ConvShape& s = p.shape;
  const float* dy = p.dy + (position * s.n + static_cast<size_t>(chunk) * p.images) * s.k + block * kLanes;
  for (int image = 0; image < p.chunk_images(chunk); ++image)
    __builtin_prefetch(dy + static_cast<size_t>(image) * s.k);
}

// Lists for each tap the units that have an input position under it. `counts` gets how many there are.
void list_units(const Plan& p, int64_t first_unit, int units, const float* tables, Unit* lists, int* counts) {
  const ConvShape& s = p.shape;
  const size_t inputs = static_cast<size_t>(s.h) * s.w;
  std::fill_n(counts, s.taps(), 0);
  for (int u = 0; u < units; ++u) {
    const int64_t position = (first_unit + u) / p.chunks;
    const size_t chunk = (first_unit + u) % p.chunks;
    const int top = static_cast<int>(position / s.out_w) * s.stride_h - s.pad_top;
    const int left = static_cast<int>(position % s.out_w) * s.stride_w - s.pad_left;
    for (int ky = 0; ky < s.kernel_h; ++ky) {
      if (top + ky < 0 || top + ky >= s.h) continue;
      for (int kx = 0; kx < s.kernel_w; ++kx) {
        if (left + kx < 0 || left + kx >= s.w) continue;
        const int tap = ky * s.kernel_w + kx;
        const size_t source = chunk * inputs + static_cast<size_t>(top + ky) * s.w + left + kx;
        lists[tap * kMaxUnits + counts[tap]++] = {tables + u * p.unit_tables(),
                                                  p.indices + source * p.position_indices()};
      }
    }
  }
}

// Input channels [first, end), both multiples of kLanes.
struct Channels {
  int first, end;
};

// The input channels that a tile of output channels from `k` on sees.
Channels channels_of(const Plan& p, int k) {
  const ConvShape& s = p.shape;
  const int last = std::min(k + p.tile, s.k) - 1;
  const int end = (last / s.group_outputs() + 1) * s.group_inputs();
  return {k / s.group_outputs() * s.group_inputs() / kLanes * kLanes, (end + kLanes - 1) / kLanes * kLanes};
}

// The sums [tap][16 output channels][channel] of one block of output channels over the output positions
// [first, end). The units whose tables are kept together are summed from zero first: a sum of two levels has
// a small rounding error.
void sum_range(const Plan& p, int block, int64_t first, int64_t end, float* sums) {
  const ConvShape& s = p.shape;
  const TableSigns signs;
  Scratch scratch;
  float* rows = scratch.take<float>(p.unit_rows(), p.units);
  float* tables = scratch.take<float>(p.unit_tables(), p.units);
  Unit* lists = scratch.take<Unit>(s.taps(), kMaxUnits);
  int* counts = scratch.take<int>(s.taps());
  const int outputs = std::min(kLanes, s.k - block * kLanes);
  std::fill_n(sums, p.block_sums(), 0.0f);
  const int64_t end_unit = end * p.chunks;
  for (int64_t unit = first * p.chunks; unit < end_unit; unit += p.units) {
    const int units = static_cast<int>(std::min<int64_t>(p.units, end_unit - unit));
    for (int u = 0; u < units; ++u)
      copy_rows(p, (unit + u) / p.chunks, static_cast<int>((unit + u) % p.chunks), block,
                rows + u * p.unit_rows());
    for (int64_t next = unit + units; next < std::min(unit + 2 * units, end_unit); ++next)
      prefetch_rows(p, next / p.chunks, static_cast<int>(next % p.chunks), block);
    list_units(p, unit, units, tables, lists, counts);
    for (int k = 0; k < outputs; k += p.tile) {
      const Channels seen = channels_of(p, block * kLanes + k);
      float* table = tables;
      for (int t = 0; t < units * p.tables(); ++t)
        for (int i = 0; i < p.tile; ++i, table += kLanes)
          signs.store_table(rows + static_cast<size_t>(t) * kTableRows * kLanes + k + i, kLanes, table);
      for (int tap = 0; tap < s.taps(); ++tap) {
        if (counts[tap] == 0) continue;
        for (int c = seen.first; c < seen.end; c = std::min(seen.end, (c / kBlock + 1) * kBlock)) {
          const int vectors = (std::min(seen.end, (c / kBlock + 1) * kBlock) - c) / kLanes;
          const Span span{p.tables(), 0,
                          static_cast<size_t>(c / kBlock) * p.tables() * kIndexRow + c % kBlock / kLanes,
                          nullptr, 0};
          const Target target{sums + tap * p.tap_sums() + static_cast<size_t>(k) * p.channels + c,
                              static_cast<size_t>(p.channels), p.tile, first_lanes(kLanes), true};
          look_up<BinaryConvBackwardFilter>(p.tile, vectors, lists + tap * kMaxUnits, counts[tap], span,
                                            target);
        }
      }
    }
  }
}

// dw of one tap and block from the sums of all ranges, which are `range_stride` floats apart.
void finish(const Plan& p, int block, int tap, const float* sums, size_t range_stride) {
  const ConvShape& s = p.shape;
  const int k0 = block * kLanes;
  const __m512 one = _mm512_set1_ps(1.0f);
  const __mmask16 lanes = first_lanes(s.k - k0);
  const __m512 scale = p.scale ? _mm512_maskz_loadu_ps(lanes, p.scale + k0) : one;
  const int inputs = s.group_inputs();
  for (int c0 = 0; c0 < inputs; c0 += kLanes) {
    const size_t offset = (static_cast<size_t>(tap) * inputs + c0) * s.k + k0;
    const int count = std::min(kLanes, inputs - c0);
    const __mmask16 channels = first_lanes(count);
    __m512 totals[kLanes];
    for (int c = 0; c < count; ++c) {
      if (p.latent) __builtin_prefetch(p.latent + offset + static_cast<size_t>(c) * s.k, 0);
      __builtin_prefetch(p.dw + offset + static_cast<size_t>(c) * s.k, 1);
    }
    for (int k = 0; k < kLanes; ++k) {
      const int group = std::min(k0 + k, s.k - 1) / s.group_outputs();
      const float* from =
          sums + tap * p.tap_sums() + static_cast<size_t>(k) * p.channels + group * inputs + c0;
      totals[k] = _mm512_maskz_loadu_ps(channels, from);
      for (int range = 1; range < p.ranges; ++range)
        totals[k] = _mm512_add_ps(totals[k], _mm512_maskz_loadu_ps(channels, from + range * range_stride));
    }
    transpose(totals);
    for (int c = 0; c < count; ++c) {
      const size_t at = offset + static_cast<size_t>(c) * s.k;
      const __m512 size = p.latent ? _mm512_abs_ps(_mm512_maskz_loadu_ps(lanes, p.latent + at)) : one;
      const __mmask16 kept = _mm512_cmp_ps_mask(size, one, _CMP_LE_OQ);
      _mm512_mask_storeu_ps(p.dw + at, lanes, _mm512_maskz_mul_ps(kept, totals[c], scale));
    }
  }
}

}  // namespace

void binary_conv_backward_filter_avx512(const BinaryConvBackwardFilter& a) {
  const ConvShape& s = a.shape;
  // With fewer input channels than half of the AVX2 kernel's lanes of output channels, that kernel is faster.
  if (2 * s.c < std::min(s.k, kLanes))
    return s.groups > 1 ? run_in_groups(a, binary_conv_backward_filter_avx512)
                        : avx2::binary_conv_backward_filter_avx2(a);
  const int64_t outputs = static_cast<int64_t>(s.out_h) * s.out_w;
  const int64_t inputs = static_cast<int64_t>(s.h) * s.w;
  Plan p{};
  p.shape = s;
  p.channels = (s.c + kLanes - 1) / kLanes * kLanes;
  p.channel_blocks = (s.c + kBlock - 1) / kBlock;
  // A tile within one group sums the input channels of that group alone.
  const bool is_within = s.group_inputs() % kLanes == 0 && s.group_outputs() % kLanes == 0;
  p.tile = tile_rows(is_within ? s.group_inputs() : s.c);
  p.chunks = (s.n + kMostImages - 1) / kMostImages;
  p.images = tables_of((s.n + p.chunks - 1) / p.chunks) * kTableRows;
  p.chunks = (s.n + p.images - 1) / p.images;
  p.units = std::clamp(static_cast<int>(kTableBytes / (p.unit_tables() * sizeof(float))), 1, kMaxUnits);
  p.blocks = (s.k + kLanes - 1) / kLanes;
  const size_t all_sums = p.block_sums() * p.blocks;
  const int64_t affordable = kMaxPartialBytes / (all_sums * sizeof(float));
  p.ranges = static_cast<int>(std::max<int64_t>(
      1, std::min({int64_t{(kWantedTasks + p.blocks - 1) / p.blocks}, affordable, outputs})));
  p.dy = a.dy;
  p.gate = a.gate;
  p.scale = a.scale;
  p.latent = a.latent;
  p.dw = a.dw;
  Scratch scratch;
  uint8_t* indices = scratch.take<uint8_t>(p.chunks * inputs * p.position_indices() + kIndexSlack);
  p.indices = indices;
  parallel_for(inputs * p.chunks, [&](int64_t task) {
    const int chunk = static_cast<int>(task / inputs);
    make_indices(p, a.x, task % inputs, chunk, indices + task * p.position_indices());
  });
  float* partials = p.ranges > 1 ? scratch.take<float>(all_sums, p.ranges) : nullptr;
  parallel_for(static_cast<int64_t>(p.blocks) * p.ranges, [&](int64_t task) {
    const int block = static_cast<int>(task % p.blocks);
    const int64_t range = task / p.blocks;
    Scratch task_scratch;
    float* sums = partials ? partials + range * all_sums + block * p.block_sums()
                           : task_scratch.take<float>(p.block_sums());
    sum_range(p, block, range * outputs / p.ranges, (range + 1) * outputs / p.ranges, sums);
    if (partials == nullptr)
      for (int tap = 0; tap < s.taps(); ++tap) finish(p, block, tap, sums, 0);
  });
  if (partials != nullptr)
    parallel_for(static_cast<int64_t>(p.blocks) * s.taps(), [&](int64_t task) {
      const int block = static_cast<int>(task % p.blocks);
      finish(p, block, static_cast<int>(task / p.blocks), partials + block * p.block_sums(), all_sums);
    });
}

}  // namespace bnn::avx512
