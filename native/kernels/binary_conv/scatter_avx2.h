// Scatters positions of floats through a filter of signs. Each source position adds to the target positions
// under it:
//
//   target[n, o] += output_scale[o] · Σ_i input_scale[i] · input_gate[n, i] · source[n, i] · sign(tap, i, o)
//
// The gradient of a binary convolution to its input and the convolution of floats with binary weights are
// such sums. A table row has 16 images of one source position as lanes, and the rows of a table are its
// channels. For each tap and target channel the signs of the filter select their sums (sum_tables_avx2.h), so
// the tables of a source position are built once for all its taps.
//
// The target rows under a source row are kept transposed, [column][channel][16 images], in a ring. A row
// leaves it when the last source row above it is done.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "kernels/binary_conv/scatter_plan_avx2.h"
#include "kernels/streaming.h"
#include "kernels/transpose_avx2.h"
#include "scratch.h"

namespace bnn::avx2 {
namespace {

// Prefetches the source of a position for load_rows: its rows are short and far apart.
inline void prefetch_rows(const Scatter& p, const Task& t, size_t position, int chunk) {
  const float* source = p.source + (position * p.n + t.first_image) * p.inputs + chunk * kChunkRows;
  const int count = p.chunk_rows(chunk);
  for (int i = 0; i < t.images; ++i)
    for (int c = 0; c < count; c += 16) __builtin_prefetch(source + static_cast<size_t>(i) * p.inputs + c);
}

// One source position for 16 images and a chunk of channels, scaled, as rows [channel][16 images].
void load_rows(const Scatter& p, const Task& t, size_t position, int chunk, float* rows) {
  const int first = chunk * kChunkRows;
  const int count = p.chunk_rows(chunk);
  const float* source = p.source + (position * p.n + t.first_image) * p.inputs + first;
  const float* gate = p.input_gate == nullptr
                          ? nullptr
                          : p.input_gate + static_cast<size_t>(t.first_image) * p.inputs + first;
  for (int c = 0; c < count; c += 8)
    for (int half = 0; half < kLanes; half += 8) {
      const size_t offset = static_cast<size_t>(half) * p.inputs + c;
      const auto load = [&](const float* from, __m256* columns) {
        if (count - c < 8 || t.images - half < 8)
          load_transposed_edge(from, p.inputs, std::min(8, t.images - half), std::min(8, count - c), columns);
        else
          load_transposed(from, p.inputs, columns);
      };
      __m256 columns[8];
      load(source + offset, columns);
      if (gate != nullptr) {
        __m256 gates[8];
        load(gate + offset, gates);
#pragma GCC unroll 8
        for (int i = 0; i < 8; ++i) columns[i] = _mm256_mul_ps(columns[i], gates[i]);
      }
      float* to = rows + c * kLanes + half;
      const float* scale = p.input_scale + first + c;
#pragma GCC unroll 8
      for (int i = 0; i < 8; ++i)
        _mm256_store_ps(to + i * kLanes, _mm256_mul_ps(columns[i], _mm256_set1_ps(scale[i])));
    }
}

// Stores the sums of 8 images and kCount · 8 channels from `sums` on, scaled, as [image][output]. Both halves
// of a cache line are written together, so that they can be streamed.
template <int kCount>
inline void store_lines(const Scatter& p, const float* sums, const float* scales, int images, float* target) {
  __m256 values[kCount][8];
  for (int part = 0; part < kCount; ++part) load_transposed(sums + 8 * part * kLanes, kLanes, values[part]);
  for (int i = 0; i < images; ++i)
    for (int part = 0; part < kCount; ++part) {
      const __m256 scaled = _mm256_mul_ps(values[part][i], _mm256_loadu_ps(scales + 8 * part));
      float* to = target + static_cast<size_t>(i) * p.outputs + 8 * part;
      p.streamed ? _mm256_stream_ps(to, scaled) : _mm256_storeu_ps(to, scaled);
    }
}

// Writes a finished row [column][channel][16 images] to the target, scaled. Clears it, unless its next use
// overwrites it.
void store_row(const Scatter& p, const Task& t, int y, float* row) {
  const int channels = std::min(t.channels, p.outputs - t.first_channel);
  const int width = p.columns.targets;
  const size_t position_floats = static_cast<size_t>(p.n) * p.outputs;
  const float* scales = p.output_scale + t.first_channel;
  for (int x = 0; x < width; ++x) {
    float* sums = row + static_cast<size_t>(x) * t.channels * kLanes;
    float* target =
        p.target + ((static_cast<size_t>(y) * width + x) * p.n + t.first_image) * p.outputs + t.first_channel;
    if (!p.streamed && x + 2 < width)
      for (int i = 0; i < t.images; ++i)
        for (int c = 0; c < channels; c += 16)
          __builtin_prefetch(target + 2 * position_floats + static_cast<size_t>(i) * p.outputs + c, 1);
    for (int half = 0; half < t.images; half += 8) {
      const int images = std::min(8, t.images - half);
      float* to = target + static_cast<size_t>(half) * p.outputs;
      int c = 0;
      for (; c + 16 <= channels; c += 16)
        store_lines<2>(p, sums + c * kLanes + half, scales + c, images, to + c);
      for (; c + 8 <= channels; c += 8)
        store_lines<1>(p, sums + c * kLanes + half, scales + c, images, to + c);
      if (c == channels) continue;
      __m256 values[8];
      load_transposed(sums + c * kLanes + half, kLanes, values);
      for (int i = 0; i < images; ++i) {
        const __m256 scaled = _mm256_mul_ps(values[i], _mm256_loadu_ps(scales + c));
        std::memcpy(to + static_cast<size_t>(i) * p.outputs + c, &scaled, (channels - c) * sizeof(float));
      }
    }
    if (!p.whole_rows) std::fill_n(sums, static_cast<size_t>(t.channels) * kLanes, 0.0f);
  }
}

// The sums of a task for 16 images: the target rows under the last source rows, as [row][column][channel][16
// images].
struct Ring {
  float* sums;
  size_t row_floats;
  int rows;
  int done;  // target rows before this one have left it

  float* row(int y) const { return sums + (y % rows) * row_floats; }
};

inline void store_rows_before(const Scatter& p, const Task& t, int end, Ring& ring) {
  for (; ring.done < end; ++ring.done) store_row(p, t, ring.done, ring.row(ring.done));
}

// Adds the source row `sy` to the target rows under it.
template <class Family, int kBits>
void scatter_row(const Scatter& p, const Task& t, int sy, float* tables, Ring& ring) {
  const Axis& across = p.columns;
  const int first_y = std::max(t.first_row, p.rows.first_target(sy));
  const int end_y = std::min(t.end_row, p.rows.end_target(sy));
  store_rows_before(p, t, std::min(first_y, t.end_row), ring);
  if (first_y >= end_y) return;
  const size_t column_tables = table_floats(kBits, (std::min(kChunkRows, p.inputs) + kBits - 1) / kBits);
  alignas(64) float rows[kChunkRows * kLanes];
  SignedRows units[16];
  for (int chunk = 0; chunk < p.chunks; ++chunk) {
    const int count = p.chunk_rows(chunk);
    const int chunk_tables = (count + kBits - 1) / kBits;
    const uint64_t* words = p.words + static_cast<size_t>(chunk) * p.taps() * p.channels + t.first_channel;
    for (int sx = 0; sx < across.sources; ++sx) {
      if (across.first_target(sx) < across.end_target(sx)) {
        const size_t position = static_cast<size_t>(sy) * across.sources + sx;
        load_rows(p, t, position, chunk, rows);
        if (sx + 1 < across.sources) prefetch_rows(p, t, position + 1, chunk);
        build_tables<kBits>(rows, kLanes, count, chunk_tables, tables + sx % p.window * column_tables);
      }
      // With a window a target column waits for its last source column. Without one each tap is added by
      // itself.
      const bool wait = p.window > 1;
      const int end_x = !wait                      ? across.end_target(sx)
                        : sx == across.sources - 1 ? across.targets
                                                   : std::min(across.targets, across.first_target(sx + 1));
      for (int x = across.first_target(sx); x < end_x; ++x) {
        const int first_sx = wait ? across.first_source(x) : sx;
        if (first_sx > sx) continue;
        for (int y = first_y; y < end_y; ++y) {
          const int tap_row = p.rows.tap(sy, y) * across.taps;
          int count_units = 0;
          for (int from = first_sx; from <= sx; ++from) {
            const int tap = tap_row + across.tap(from, x);
            units[count_units++] = {tables + from % p.window * column_tables,
                                    words + static_cast<size_t>(tap) * p.channels};
          }
          float* sums = ring.row(y) + static_cast<size_t>(x) * t.channels * kLanes;
          const bool first = p.whole_rows && sy == p.rows.first_source(y);
          accumulate<kBits>(first ? set_in(sums) : added_to(sums), t.channels, units, count_units,
                            chunk_tables);
        }
      }
    }
  }
}

// The images of a task in blocks of 16, each with a ring of its own, row by row, so that neighbours in memory
// are read together.
template <class Family, int kBits>
void scatter_rows(const Scatter& p, Task t) {
  const int table_count = (std::min(kChunkRows, p.inputs) + kBits - 1) / kBits;
  Scratch scratch;
  float* tables = scratch.take<float>(table_floats(kBits, table_count), p.window);
  const int blocks = (t.images + kLanes - 1) / kLanes;
  const size_t row_floats = static_cast<size_t>(p.columns.targets) * t.channels * kLanes;
  const int ring_rows = p.rows.targets_of_source();
  // 4 rows more, since channels leave the ring in blocks of 8.
  const size_t ring_floats = row_floats * ring_rows + 4 * kLanes;
  float* sums = scratch.take<float>(ring_floats, blocks);
  std::fill_n(sums, ring_floats * blocks, 0.0f);
  Ring rings[kMostBlocks];
  for (int b = 0; b < blocks; ++b) rings[b] = {sums + b * ring_floats, row_floats, ring_rows, t.first_row};
  const auto block_of = [&](int b) {
    Task block = t;
    block.first_image = t.first_image + b * kLanes;
    block.images = std::min(kLanes, t.images - b * kLanes);
    return block;
  };
  const int end_source_row = p.rows.end_source(t.end_row - 1);
  for (int sy = p.rows.first_source(t.first_row); sy < end_source_row; ++sy)
    for (int b = 0; b < blocks; ++b) scatter_row<Family, kBits>(p, block_of(b), sy, tables, rings[b]);
  for (int b = 0; b < blocks; ++b) store_rows_before(p, block_of(b), t.end_row, rings[b]);
}

// Sets the scales of source and target channels, which are 1 where there is no scale.
inline void set_scales(Scatter& p, const float* input_scale, const float* output_scale, Scratch& scratch) {
  const size_t inputs = static_cast<size_t>(p.chunks) * kChunkRows;
  const size_t outputs = p.outputs + 8;
  float* scales = scratch.take<float>(inputs + outputs);
  std::fill_n(scales, inputs + outputs, 0.0f);
  const auto set = [](float* to, const float* scale, int count) {
    if (scale != nullptr)
      std::copy_n(scale, count, to);
    else
      std::fill_n(to, count, 1.0f);
  };
  set(scales, input_scale, p.inputs);
  set(scales + inputs, output_scale, p.outputs);
  p.input_scale = scales;
  p.output_scale = scales + inputs;
}

// Runs a scatter whose operands are set. The family tells the functions of two kernels apart in a profile.
template <class Family>
inline void run_scatter(Scatter p) {
  if (p.rows.targets == 0 || p.columns.targets == 0) return;
  const int task_images = kLanes * blocks_per_task(p);
  const int image_blocks = (p.n + task_images - 1) / task_images;
  const int channel_blocks = (p.channels + p.task_channels - 1) / p.task_channels;
  p.task_rows = rows_per_task(p, image_blocks * channel_blocks);
  const size_t target_floats = static_cast<size_t>(p.rows.targets) * p.columns.targets * p.n * p.outputs;
  p.streamed = worth_streaming(p.target, target_floats, kConvolvedFloats) && p.outputs % 8 == 0;
  const int row_blocks = (p.rows.targets + p.task_rows - 1) / p.task_rows;
  parallel_for(static_cast<int64_t>(image_blocks) * channel_blocks * row_blocks, [&](int64_t index) {
    const int row_block = static_cast<int>(index % row_blocks);
    const int channel_block = static_cast<int>(index / row_blocks % channel_blocks);
    const int image_block = static_cast<int>(index / row_blocks / channel_blocks);
    Task t;
    t.first_image = image_block * task_images;
    t.images = std::min(task_images, p.n - t.first_image);
    t.first_channel = channel_block * p.task_channels;
    t.channels = std::min(p.task_channels, p.channels - t.first_channel);
    t.first_row = row_block * p.task_rows;
    t.end_row = std::min(p.rows.targets, t.first_row + p.task_rows);
    p.bits == 4 ? scatter_rows<Family, 4>(p, t) : scatter_rows<Family, 5>(p, t);
    if (p.streamed) _mm_sfence();
  });
}

}  // namespace
}  // namespace bnn::avx2
