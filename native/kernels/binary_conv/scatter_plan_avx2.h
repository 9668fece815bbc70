// How floats are scattered through a filter of signs (scatter_avx2.h): the geometry, and how the work is cut.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/binary_conv/sum_tables_avx2.h"
#include "kernels/binary_conv/table_costs_avx2.h"
#include "parallel.h"

namespace bnn::avx2 {
namespace {

constexpr int kChunkRows = kWordRows;     // source channels whose tables fit into the L1 cache together
constexpr int kWindowChannels = 32;       // with at most so many, the tables of a window of columns are kept
constexpr size_t kRingBytes = 400 << 10;  // of the ring of a task, which stays in the L2 cache
constexpr int kMinChannels = 64;          // target channels of a task; each task builds its tables
constexpr int kMinRows = 2;               // target rows of a task; tasks at an edge both read its source rows
constexpr int kTasksPerThread = 4;
constexpr int kMostBlocks = 2;  // of 16 images, of a task

inline int divide_down(int a, int b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }
inline int divide_up(int a, int b) { return divide_down(a + b - 1, b); }

// One direction. Source i meets target j under tap j · target_step − i · source_step + shift, if that is from
// 0 to taps − 1. One of the steps is 1.
struct Axis {
  int sources, targets, taps, source_step, target_step, shift;

  int tap(int i, int j) const { return j * target_step - i * source_step + shift; }
  int first_target(int i) const { return std::max(0, divide_up(i * source_step - shift, target_step)); }
  int end_target(int i) const {
    return std::min(targets, divide_down(i * source_step - shift + taps - 1, target_step) + 1);
  }
  int first_source(int j) const {
    return std::max(0, divide_up(j * target_step + shift - taps + 1, source_step));
  }
  int end_source(int j) const {
    return std::min(sources, divide_down(j * target_step + shift, source_step) + 1);
  }
  bool every_target_has_sources() const {
    for (int j = 0; j < targets; ++j)
      if (first_source(j) >= end_source(j)) return false;
    return true;
  }
  int sources_of_target() const { return divide_up(taps, source_step); }
  int targets_of_source() const { return divide_up(taps, target_step); }
};

struct Scatter {
  Axis rows, columns;
  int n, inputs, outputs;     // images, channels of the source, channels of the target
  const float* source;        // [position][image][input]
  float* target;              // [position][image][output]
  const float* input_scale;   // zeros after the last channel, to a multiple of kChunkRows
  const float* output_scale;  // readable 8 beyond the last channel
  const float* input_gate;    // [image][input], or null
  const uint64_t* words;      // [chunk of inputs][tap][channels]

  int channels;       // of the target, a multiple of 4
  int chunks;         // of source channels
  int task_channels;  // of the target, of a task
  int task_rows;      // of the target
  int bits;           // rows of a table
  int window;         // columns of the source whose tables are kept
  bool whole_rows;    // each target position gets one sum from every source row above it
  bool streamed;      // the target is written past the caches

  int taps() const { return rows.taps * columns.taps; }
  int chunk_rows(int chunk) const { return std::min(kChunkRows, inputs - chunk * kChunkRows); }
};

struct Task {
  int first_image, images;
  int first_channel, channels;  // channels: a multiple of 4
  int first_row, end_row;
};

// The target channels of a task: blocks of equal size whose rings fit into the cache.
inline int channels_per_task(const Scatter& p) {
  const size_t channel_bytes =
      static_cast<size_t>(p.columns.targets) * p.rows.targets_of_source() * kRowBytes;
  const int most = std::max(kMinChannels, static_cast<int>(kRingBytes / std::max<size_t>(channel_bytes, 1)));
  const int blocks = (p.channels + most - 1) / most;
  return ((p.channels + blocks - 1) / blocks + 3) / 4 * 4;
}

// The blocks of 16 images of a task: as many as have their rings in the cache together.
inline int blocks_per_task(const Scatter& p) {
  const size_t ring_bytes =
      static_cast<size_t>(p.columns.targets) * p.rows.targets_of_source() * p.task_channels * kRowBytes;
  return std::clamp(static_cast<int>(kRingBytes / std::max<size_t>(ring_bytes, 1)), 1, kMostBlocks);
}

// Rows are cut as far as the threads need it. The sums do not depend on it.
inline int rows_per_task(const Scatter& p, int other_blocks) {
  const int wanted = thread_count() == 1 ? 1 : kTasksPerThread * thread_count();
  const int blocks =
      std::clamp((wanted + other_blocks - 1) / other_blocks, 1, std::max(1, p.rows.targets / kMinRows));
  return (p.rows.targets + blocks - 1) / blocks;
}

// The plan of a scatter of `inputs` to `outputs` channels, without its operands.
inline Scatter plan_scatter(const Axis& rows, const Axis& columns, int n, int inputs, int outputs) {
  Scatter p{};
  p.rows = rows;
  p.columns = columns;
  p.n = n;
  p.inputs = inputs;
  p.outputs = outputs;
  p.channels = (outputs + 3) / 4 * 4;
  p.chunks = (inputs + kChunkRows - 1) / kChunkRows;
  const int window = columns.sources_of_target();
  p.window = inputs <= kWindowChannels && window <= 4 ? window : 1;
  p.whole_rows = p.window > 1 && rows.every_target_has_sources() && columns.every_target_has_sources();
  p.task_channels = channels_per_task(p);
  const int reads = rows.targets_of_source() * columns.targets_of_source() * p.task_channels;
  p.bits = p.window > 1 ? 4 : best_table_bits(std::min(inputs, kChunkRows), reads);
  return p;
}

// `pairs` is the number of pairs of a source and a target position, which is that of the output positions and
// taps of the convolution.
inline double scatter_cycles(const Scatter& p, double pairs) {
  constexpr double kTransposeCycles = 3;  // of 8 floats
  const int table_count = (std::min(kChunkRows, p.inputs) + p.bits - 1) / p.bits;
  const double sources = static_cast<double>(p.rows.sources) * p.columns.sources;
  const double targets = static_cast<double>(p.rows.targets) * p.columns.targets;
  const double channel_blocks = (p.channels + p.task_channels - 1) / p.task_channels;
  const double sums = pairs * p.chunks * (p.channels * row_cycles(table_count) + kCallCycles / p.window);
  const double tables = sources * channel_blocks * p.chunks * tables_cycles(p.bits, table_count);
  const double moved = sources * channel_blocks * (p.inputs + 7) + targets * (p.outputs + 7);
  return (p.n + kLanes - 1) / kLanes * (sums + tables + 2 * kTransposeCycles * moved);
}

}  // namespace
}  // namespace bnn::avx2
