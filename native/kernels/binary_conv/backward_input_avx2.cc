// Gradient of a binary convolution to its input. The lanes of a row are 16 images of one output position, the rows its
// output channels times their scale; the filter's signs add them up for each tap and input channel (sum_tables_avx2.h).
//
// Output positions scatter to the input rows under them. These rows are kept transposed, [column][channel][16 images], in
// a ring as high as the kernel, and leave it when the last output row above them is done.
#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "implementations.h"
#include "kernels/binary_conv/sum_tables_avx2.h"
#include "kernels/binary_conv/transpose_avx2.h"
#include "parallel.h"
#include "reference/bits.h"

namespace bnn::avx2 {
namespace {

constexpr int kChunkRows = kWordRows;    // output channels whose tables lie in the L1 cache together
constexpr int kWindowChannels = 32;      // up to so many, small tables of a window of columns do
constexpr size_t kRingBytes = 400 << 10;  // of a task, so that its ring stays in the L2 cache
constexpr int kMinChannels = 64;          // input channels of a task: tables are built anew for each task
constexpr int kMinRows = 2;               // input rows of a task: output rows at its edges are read twice
constexpr int kTasksPerThread = 4;

enum Scratch { kWords, kScale, kTables, kRing };

struct Plan {
  ConvShape shape;
  int channels;         // input channels, a multiple of 4
  int task_channels;    // of a task
  int task_rows;
  int chunks;           // of output channels
  int bits;             // rows of a table
  int window;           // columns of output whose tables are kept
  const uint64_t* words;  // [chunk][tap][channels]
  const float* dy;
  const float* scale;  // zeros after the last channel
  float* dx;

  int chunk_rows(int chunk) const { return std::min(kChunkRows, shape.k - chunk * kChunkRows); }
};

struct Task {
  int first_image, images;
  int first_channel, channels;  // channels: a multiple of 4
  int first_row, end_row;
};

// Asks for dy of a position before load_rows needs it: its rows are short and lie far apart.
inline void prefetch_rows(const Plan& p, const Task& t, size_t position, int chunk) {
  const ConvShape& s = p.shape;
  const float* dy = p.dy + (position * s.n + t.first_image) * s.k + chunk * kChunkRows;
  const int count = p.chunk_rows(chunk);
  for (int i = 0; i < t.images; ++i)
    for (int k = 0; k < count; k += 16) __builtin_prefetch(dy + static_cast<size_t>(i) * s.k + k);
}

// dy of one output position for 16 images and a chunk of channels, scaled, as rows [channel][16 images]
void load_rows(const Plan& p, const Task& t, size_t position, int chunk, float* rows) {
  const ConvShape& s = p.shape;
  const int k0 = chunk * kChunkRows;
  const int count = p.chunk_rows(chunk);
  const float* dy = p.dy + (position * s.n + t.first_image) * s.k + k0;
  for (int k = 0; k < count; k += 8)
    for (int half = 0; half < kLanes; half += 8) {
      const float* from = dy + static_cast<size_t>(half) * s.k + k;
      __m256 columns[8];
      if (count - k < 8 || t.images - half < 8)
        load_transposed_edge(from, s.k, std::min(8, t.images - half), std::min(8, count - k), columns);
      else
        load_transposed(from, s.k, columns);
      float* to = rows + k * kLanes + half;
#pragma GCC unroll 8
      for (int i = 0; i < 8; ++i) _mm256_store_ps(to + i * kLanes, _mm256_mul_ps(columns[i], _mm256_set1_ps(p.scale[k0 + k + i])));
    }
}

// Writes one finished row [column][channel][16 images] to dx and clears it for its next use.
void store_row(const Plan& p, const Task& t, int y, float* row) {
  const ConvShape& s = p.shape;
  const int channels = std::min(t.channels, s.c - t.first_channel);
  const size_t position_floats = static_cast<size_t>(s.n) * s.c;
  for (int x = 0; x < s.w; ++x) {
    float* sums = row + static_cast<size_t>(x) * t.channels * kLanes;
    float* dx = p.dx + ((static_cast<size_t>(y) * s.w + x) * s.n + t.first_image) * s.c + t.first_channel;
    if (x + 2 < s.w)
      for (int i = 0; i < t.images; ++i)
        for (int c = 0; c < channels; c += 16) __builtin_prefetch(dx + 2 * position_floats + static_cast<size_t>(i) * s.c + c, 1);
    for (int c = 0; c < channels; c += 8) {
      const int count = std::min(8, channels - c);
      for (int half = 0; half < t.images; half += 8) {
        __m256 images[8];
        load_transposed(sums + c * kLanes + half, kLanes, images);
        for (int i = 0; i < std::min(8, t.images - half); ++i) {
          float* to = dx + static_cast<size_t>(half + i) * s.c + c;
          if (count == 8)
            _mm256_storeu_ps(to, images[i]);
          else
            std::memcpy(to, &images[i], count * sizeof(float));
        }
      }
    }
    std::fill_n(sums, static_cast<size_t>(t.channels) * kLanes, 0.0f);
  }
}

inline int floor_divide(int a, int b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }
inline int ceil_divide(int a, int b) { return floor_divide(a + b - 1, b); }

template <int kBits>
void run_task(const Plan& p, const Task& t) {
  const ConvShape& s = p.shape;
  const int groups = (std::min(kChunkRows, s.k) + kBits - 1) / kBits;
  const size_t column_tables = table_floats(kBits, groups);
  float* tables = scratch<float>(kTables, column_tables * p.window);
  const size_t row_floats = static_cast<size_t>(s.w) * t.channels * kLanes;
  // 4 rows more, since channels leave the ring in eights
  const size_t ring_floats = row_floats * s.kernel_h + 4 * kLanes;
  float* ring = scratch<float>(kRing, ring_floats);
  std::fill_n(ring, ring_floats, 0.0f);
  alignas(64) float rows[kChunkRows * kLanes];
  SignedRows units[16];

  // Input row y meets output row oy under tap row ky = y + pad_top − oy · stride_h.
  const int first_oy = std::max(0, ceil_divide(t.first_row + s.pad_top - s.kernel_h + 1, s.stride_h));
  const int end_oy = std::min(s.out_h, floor_divide(t.end_row - 1 + s.pad_top, s.stride_h) + 1);
  int done = t.first_row;
  const auto finish_rows_before = [&](int end) {
    for (; done < end; ++done) store_row(p, t, done, ring + (done % s.kernel_h) * row_floats);
  };
  for (int oy = first_oy; oy < end_oy; ++oy) {
    const int first_y = std::max(t.first_row, oy * s.stride_h - s.pad_top);
    const int end_y = std::min(t.end_row, oy * s.stride_h - s.pad_top + s.kernel_h);
    finish_rows_before(std::min(first_y, t.end_row));
    for (int chunk = 0; chunk < p.chunks; ++chunk) {
      const int count = p.chunk_rows(chunk);
      const int chunk_groups = (count + kBits - 1) / kBits;
      const uint64_t* words = p.words + static_cast<size_t>(chunk) * s.taps() * p.channels + t.first_channel;
      for (int ox = 0; ox < s.out_w; ++ox) {
        load_rows(p, t, static_cast<size_t>(oy) * s.out_w + ox, chunk, rows);
        if (ox + 1 < s.out_w) prefetch_rows(p, t, static_cast<size_t>(oy) * s.out_w + ox + 1, chunk);
        build_tables<kBits>(rows, kLanes, count, chunk_groups, tables + ox % p.window * column_tables);
        // With a window a column of input waits for its last column of output; without one each tap is added by itself.
        const bool wait = p.window > 1;
        const int first_x = std::max(0, ox * s.stride_w - s.pad_left);
        const int end_x = std::min(s.w, !wait                ? ox * s.stride_w - s.pad_left + s.kernel_w
                                        : ox == s.out_w - 1 ? s.w
                                                            : (ox + 1) * s.stride_w - s.pad_left);
        for (int x = first_x; x < end_x; ++x) {
          const int first_ox = wait ? std::max(0, ceil_divide(x + s.pad_left - s.kernel_w + 1, s.stride_w)) : ox;
          for (int y = first_y; y < end_y; ++y) {
            const int ky = y + s.pad_top - oy * s.stride_h;
            int count_units = 0;
            for (int from = first_ox; from <= ox; ++from) {
              const int tap = ky * s.kernel_w + x + s.pad_left - from * s.stride_w;
              units[count_units++] = {tables + from % p.window * column_tables, words + static_cast<size_t>(tap) * p.channels};
            }
            if (count_units == 0) continue;
            accumulate<kBits>(ring + (y % s.kernel_h) * row_floats + static_cast<size_t>(x) * t.channels * kLanes, t.channels,
                              units, count_units, chunk_groups);
          }
        }
      }
    }
  }
  finish_rows_before(t.end_row);
}

// Blocks of equal size whose rings fit the cache
int channels_per_task(const ConvShape& s, int channels) {
  const size_t channel_bytes = static_cast<size_t>(s.w) * s.kernel_h * kRowBytes;
  const int most = std::max(kMinChannels, static_cast<int>(kRingBytes / channel_bytes));
  const int blocks = (channels + most - 1) / most;
  return ((channels + blocks - 1) / blocks + 3) / 4 * 4;
}

// Rows are cut as far as the threads need it; the sums do not depend on it.
int rows_per_task(const ConvShape& s, int other_blocks) {
  const int wanted = thread_count() == 1 ? 1 : kTasksPerThread * thread_count();
  const int blocks = std::clamp((wanted + other_blocks - 1) / other_blocks, 1, std::max(1, s.h / kMinRows));
  return (s.h + blocks - 1) / blocks;
}

}  // namespace

void run(const BinaryConvBackwardInput& a) {
  const ConvShape& s = a.shape;
  Plan p{};
  p.shape = s;
  p.channels = (s.c + 3) / 4 * 4;
  p.chunks = (s.k + kChunkRows - 1) / kChunkRows;
  p.dy = a.dy;
  float* scale = scratch<float>(kScale, static_cast<size_t>(p.chunks) * kChunkRows);
  std::fill_n(scale, static_cast<size_t>(p.chunks) * kChunkRows, 0.0f);
  std::copy_n(a.scale, s.k, scale);
  p.scale = scale;
  p.dx = a.dx;
  const int window = (s.kernel_w + s.stride_w - 1) / s.stride_w;
  p.window = s.k <= kWindowChannels && window <= 4 ? window : 1;
  p.task_channels = channels_per_task(s, p.channels);
  p.bits = p.window > 1 ? 4 : best_table_bits(std::min(s.k, kChunkRows), s.taps() * p.task_channels);
  const size_t row_words = packed_words(s.k);
  uint64_t* words = scratch<uint64_t>(kWords, static_cast<size_t>(p.chunks) * s.taps() * p.channels);
  p.words = words;
  parallel_for(static_cast<int64_t>(p.chunks) * s.taps(), [&](int64_t task) {
    const size_t chunk = task / s.taps();
    const size_t tap = task % s.taps();
    for (int c = 0; c < p.channels; ++c) {
      uint64_t signs = 0;
      if (c < s.c) {
        const uint32_t* row = a.w + (tap * s.c + c) * row_words + 2 * chunk;
        signs = row[0];
        if (2 * chunk + 1 < row_words) signs |= static_cast<uint64_t>(row[1]) << 32;
      }
      words[task * p.channels + c] = sign_word(signs);
    }
  });
  const int image_blocks = (s.n + kLanes - 1) / kLanes;
  const int channel_blocks = (p.channels + p.task_channels - 1) / p.task_channels;
  p.task_rows = rows_per_task(s, image_blocks * channel_blocks);
  const int row_blocks = (s.h + p.task_rows - 1) / p.task_rows;
  parallel_for(static_cast<int64_t>(image_blocks) * channel_blocks * row_blocks, [&](int64_t index) {
    const int row_block = static_cast<int>(index % row_blocks);
    const int channel_block = static_cast<int>(index / row_blocks % channel_blocks);
    const int image_block = static_cast<int>(index / row_blocks / channel_blocks);
    Task t;
    t.first_image = image_block * kLanes;
    t.images = std::min(kLanes, s.n - t.first_image);
    t.first_channel = channel_block * p.task_channels;
    t.channels = std::min(p.task_channels, p.channels - t.first_channel);
    t.first_row = row_block * p.task_rows;
    t.end_row = std::min(s.h, t.first_row + p.task_rows);
    p.bits == 4 ? run_task<4>(p, t) : run_task<5>(p, t);
  });
}

}  // namespace bnn::avx2
