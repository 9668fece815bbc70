// Gradient of a binary convolution to its input. A tile is a few images of one input position. For each
// output position that it meets, a table has the sums of dy of four output channels, and the signs of the
// filter look up the sums for 16 input channels at once (sum_registers_avx512.h). The tables of the output
// rows that an input row meets are kept in a ring.
//
// With several groups an input channel adds the tables of its own group: the lanes of other groups are
// masked, or a vector lies within one group.
#include <algorithm>

#include "implementations.h"
#include "kernels/binary_conv/sum_registers_avx512.h"
#include "parallel.h"
#include "reference/bits.h"
#include "scratch.h"
#include "sequences/grouped.h"

namespace bnn::avx512 {
namespace {

constexpr size_t kRingBytes = 448 << 10;  // of tables, which stay in the L2 cache
constexpr int kMaxTables = 32;            // tables of an output position and image
constexpr int kMinRows = 4;               // input rows of a task; tasks at an edge both read its output rows
constexpr int kTasksPerThread = 4;

// An output coordinate, and the tap under which it meets an input coordinate.
struct Meeting {
  int tap, output;
};

struct Plan {
  ConvShape shape;
  int tile;    // images
  int blocks;  // of kBlock input channels
  int step;    // input channels that are summed together: kBlock, or fewer that divide a group
  int tables;  // of a chunk of output channels
  int chunks;
  int ring;                // output rows
  const uint8_t* indices;  // [chunk][tap][block][table] rows
  // The lanes that see each [table of all chunks][block][vector]; null where a step sees one group.
  const __mmask16* masks;
  const float* scale;      // zeros after the last channel
  const Meeting* columns;  // [input column][kernel_w], ended by tap −1 where fewer
  const float* dy;
  const float* gate;  // or null
  float* dx;

  int chunk_rows(int chunk) const {
    return std::min(tables * kTableRows, shape.k - chunk * tables * kTableRows);
  }
  size_t position_tables() const { return static_cast<size_t>(tables) * tile * kLanes; }
  size_t mask_stride() const { return static_cast<size_t>(blocks) * kIndexVectors; }
  size_t tap_indices() const { return static_cast<size_t>(blocks) * tables * kIndexRow; }
};

struct Task {
  int first_image, images;
  int first_row, end_row;
};

// The output coordinates to which input coordinate `at` contributes. Returns how many there are.
int find_meetings(int at, int pad, int kernel, int stride, int outputs, Meeting* to) {
  int count = 0;
  for (int tap = 0; tap < kernel; ++tap) {
    const int up = at + pad - tap;
    if (up >= 0 && up % stride == 0 && up / stride < outputs) to[count++] = {tap, up / stride};
  }
  return count;
}

inline void prefetch_floats(const float* from, size_t count, bool to_write) {
  for (size_t i = 0; i < count; i += kLanes)
    if (to_write)
      __builtin_prefetch(from + i, 1);
    else
      __builtin_prefetch(from + i, 0);
}

// The tables [table][image][16] of a tile at one output position. Where the batch has fewer images than the
// tile, its last one is repeated.
void build_tables(const Plan& p, const Task& t, const TableSigns& signs, size_t position, int chunk,
                  float* tables) {
  const ConvShape& s = p.shape;
  const int first = chunk * p.tables * kTableRows;
  const int count = p.chunk_rows(chunk);
  const int table_count = tables_of(count);
  alignas(64) float values[kMaxTables * kTableRows];
  for (int i = 0; i < p.tile; ++i) {
    const int image = t.first_image + std::min(i, t.images - 1);
    const float* dy = p.dy + (position * s.n + image) * s.k + first;
    const float* gate = p.gate == nullptr ? nullptr : p.gate + static_cast<size_t>(image) * s.k + first;
    for (int k = 0; k < count; k += kLanes) {
      const __mmask16 lanes = first_lanes(count - k);
      __m512 from = _mm512_maskz_loadu_ps(lanes, dy + k);
      if (gate != nullptr) from = _mm512_mul_ps(from, _mm512_maskz_loadu_ps(lanes, gate + k));
      _mm512_store_ps(values + k, _mm512_mul_ps(from, _mm512_loadu_ps(p.scale + first + k)));
    }
    for (int t = 0; t < table_count; ++t)
      signs.store_table(values + t * kTableRows, 1, tables + (static_cast<size_t>(t) * p.tile + i) * kLanes);
  }
}

void build_row(const Plan& p, const Task& t, const TableSigns& signs, int oy, int chunk, float* row) {
  const ConvShape& s = p.shape;
  const size_t next = static_cast<size_t>(s.n) * s.k;
  for (int ox = 0; ox < s.out_w; ++ox) {
    const size_t position = static_cast<size_t>(oy) * s.out_w + ox;
    if (ox + 1 < s.out_w) {
      const float* dy = p.dy + position * next + next + t.first_image * static_cast<size_t>(s.k) +
                        chunk * p.tables * kTableRows;
      for (int i = 0; i < t.images; ++i)
        prefetch_floats(dy + i * static_cast<size_t>(s.k), p.chunk_rows(chunk), false);
    }
    build_tables(p, t, signs, position, chunk, row + ox * p.position_tables());
  }
}

// The tables of a chunk that one of the input channels from `c` on sees.
Span span_of(const Plan& p, int c, int channels, int chunk) {
  const ConvShape& s = p.shape;
  const int before = chunk * p.tables;
  const int all = tables_of(p.chunk_rows(chunk));
  const int first = std::clamp(c / s.group_inputs() * s.group_outputs() / kTableRows - before, 0, all);
  const int end_channel = ((c + channels - 1) / s.group_inputs() + 1) * s.group_outputs();
  const int end = std::clamp(tables_of(end_channel) - before, first, all);
  const __mmask16* masks =
      p.masks == nullptr ? nullptr : p.masks + (before + first) * p.mask_stride() + c / kLanes;
  return {end - first, static_cast<size_t>(first) * p.tile * kLanes,
          (static_cast<size_t>(c / kBlock) * p.tables + first) * kIndexRow + c % kBlock / kLanes, masks,
          p.mask_stride()};
}

// One input row of one chunk from the tables of the output rows that it meets.
void sum_row(const Plan& p, const Task& t, int y, int chunk, const Meeting* rows, int row_count,
             const float* tables, Unit* units) {
  const ConvShape& s = p.shape;
  const size_t row_tables = p.position_tables() * s.out_w;
  const uint8_t* indices = p.indices + static_cast<size_t>(chunk) * s.taps() * p.tap_indices();
  for (int x = 0; x < s.w; ++x) {
    int count = 0;
    for (int i = 0; i < row_count; ++i)
      for (int j = 0; j < s.kernel_w; ++j) {
        const Meeting& column = p.columns[static_cast<size_t>(x) * s.kernel_w + j];
        if (column.tap < 0) break;
        const size_t tap = static_cast<size_t>(rows[i].tap) * s.kernel_w + column.tap;
        units[count++] = {tables + rows[i].output % p.ring * row_tables + column.output * p.position_tables(),
                          indices + tap * p.tap_indices()};
      }
    float* dx = p.dx + ((static_cast<size_t>(y) * s.w + x) * s.n + t.first_image) * s.c;
    if (x + 2 < s.w)
      prefetch_floats(dx + 2 * static_cast<size_t>(s.n) * s.c, static_cast<size_t>(t.images) * s.c, true);
    for (int c = 0; c < s.c; c += p.step) {
      const int channels = std::min(p.step, s.c - c);
      const int vectors = (channels + kLanes - 1) / kLanes;
      const Target target{dx + c, static_cast<size_t>(s.c), t.images,
                          first_lanes(channels - (vectors - 1) * kLanes), chunk > 0};
      look_up<BinaryConvBackwardInput>(p.tile, vectors, units, count, span_of(p, c, channels, chunk), target);
    }
  }
}

void backward_input_rows(const Plan& p, const Task& t) {
  const ConvShape& s = p.shape;
  const TableSigns signs;
  const size_t row_tables = p.position_tables() * s.out_w;
  Scratch scratch;
  float* tables = scratch.take<float>(row_tables, p.ring);
  Unit* units = scratch.take<Unit>(s.taps());
  Meeting* rows = scratch.take<Meeting>(s.kernel_h);
  for (int chunk = 0; chunk < p.chunks; ++chunk) {
    int built = 0;  // output rows before this one are in the ring, or left it
    for (int y = t.first_row; y < t.end_row; ++y) {
      const int count = find_meetings(y, s.pad_top, s.kernel_h, s.stride_h, s.out_h, rows);
      if (count > 0) {
        // The taps descend, so the output rows ascend.
        for (built = std::max(built, rows[count - 1].output); built <= rows[0].output; ++built)
          build_row(p, t, signs, built, chunk, tables + built % p.ring * row_tables);
      }
      sum_row(p, t, y, chunk, rows, count, tables, units);
    }
  }
}

// The indices of one tap. Eight tables have their signs in one word of each filter row.
void make_indices(const Plan& p, const uint32_t* w, int tap, int chunk, uint8_t* indices) {
  constexpr int word_tables = 32 / kTableRows;
  const ConvShape& s = p.shape;
  const size_t row_words = packed_words(s.k);
  const __m512i low_byte = _mm512_set1_epi32(0xff);
  for (int block = 0; block < p.blocks; ++block) {
    uint8_t* rows = indices + static_cast<size_t>(block) * p.tables * kIndexRow;
    const int channels = std::min(kBlock, s.c - block * kBlock);
    const uint32_t* filter = w + static_cast<size_t>(tap) * s.group_inputs() * row_words;
    const int table_count = tables_of(p.chunk_rows(chunk));
    for (int t = 0; t < table_count;) {
      const int first = chunk * p.tables + t;  // of all chunks
      alignas(64) uint32_t words[kBlock] = {};
      for (int c = 0; c < channels; ++c)
        words[c] = filter[(block * kBlock + c) % s.group_inputs() * row_words + first / word_tables] >>
                   first % word_tables * kTableRows;
      __m512i signs[kIndexVectors];
      for (int v = 0; v < kIndexVectors; ++v) signs[v] = _mm512_load_si512(words + v * kLanes);
      const int end = std::min(table_count, t + word_tables - first % word_tables);
      for (; t < end; ++t) {
        __m512i row = _mm512_setzero_si512();
        for (int v = kIndexVectors - 1; v >= 0; --v) {
          row = _mm512_or_si512(_mm512_slli_epi32(row, 8), _mm512_and_si512(signs[v], low_byte));
          signs[v] = _mm512_srli_epi32(signs[v], kTableRows);
        }
        _mm512_store_si512(rows + t * kIndexRow, row);
      }
    }
  }
}

// The lanes of each table and vector whose input channels see the table's output channels.
void make_masks(const Plan& p, int tables, __mmask16* masks) {
  const ConvShape& s = p.shape;
  for (int table = 0; table < tables; ++table) {
    const int first = table * kTableRows / s.group_outputs() * s.group_inputs();
    for (size_t vector = 0; vector < p.mask_stride(); ++vector) {
      const int from = first - static_cast<int>(vector) * kLanes;
      masks[table * p.mask_stride() + vector] =
          first_lanes(std::max(0, from + s.group_inputs())) & ~first_lanes(std::max(0, from));
    }
  }
}

// How many input channels are summed together: as many of a block's vectors as lie within one group, or a
// whole block of several groups.
int step_of(const ConvShape& s) {
  for (int step = kBlock; s.groups > 1 && step >= kLanes; step /= 2)
    if (s.group_inputs() % step == 0) return step;
  return kBlock;
}

// Rows are cut as far as the threads need it. The sums do not depend on it.
int rows_per_task(const ConvShape& s, int image_tiles) {
  const int wanted = thread_count() == 1 ? 1 : kTasksPerThread * thread_count();
  const int blocks = std::clamp((wanted + image_tiles - 1) / image_tiles, 1, std::max(1, s.h / kMinRows));
  return (s.h + blocks - 1) / blocks;
}

}  // namespace

void binary_conv_backward_input_avx512(const BinaryConvBackwardInput& a) {
  const ConvShape& s = a.shape;
  // With fewer channels than half of the AVX2 kernel's lanes of images, that kernel is faster.
  if (2 * s.c < std::min(s.n, kLanes))
    return s.groups > 1 ? run_in_groups(a, binary_conv_backward_input_avx512)
                        : avx2::binary_conv_backward_input_avx2(a);
  // A table would have output channels of two groups.
  if (s.groups > 1 && s.group_outputs() % kTableRows != 0)
    return run_in_groups(a, binary_conv_backward_input_avx512);
  Plan p{};
  p.shape = s;
  p.step = step_of(s);
  p.tile = tile_rows(std::min(p.step, s.c));
  p.blocks = (s.c + kBlock - 1) / kBlock;
  p.ring = (s.kernel_h + s.stride_h - 1) / s.stride_h;
  const size_t table_bytes =
      static_cast<size_t>(p.ring) * std::max(1, s.out_w) * p.tile * kLanes * sizeof(float);
  const int all_tables = tables_of(s.k);
  const int most_tables = std::clamp(static_cast<int>(kRingBytes / table_bytes), 1, kMaxTables);
  p.chunks = (all_tables + most_tables - 1) / most_tables;
  p.tables = (all_tables + p.chunks - 1) / p.chunks;
  p.chunks = (all_tables + p.tables - 1) / p.tables;
  Scratch scratch;
  if (s.groups > 1 && s.group_inputs() % p.step != 0) {
    __mmask16* masks = scratch.take<__mmask16>(all_tables, p.mask_stride());
    make_masks(p, all_tables, masks);
    p.masks = masks;
  }
  p.dy = a.dy;
  p.gate = a.gate;
  p.dx = a.dx;
  float* scale = scratch.take<float>(static_cast<size_t>(s.k) + kLanes);
  std::copy_n(a.scale, s.k, scale);
  std::fill_n(scale + s.k, kLanes, 0.0f);
  p.scale = scale;
  Meeting* columns = scratch.take<Meeting>(s.w, s.kernel_w);
  for (int x = 0; x < s.w; ++x) {
    Meeting* list = columns + static_cast<size_t>(x) * s.kernel_w;
    const int count = find_meetings(x, s.pad_left, s.kernel_w, s.stride_w, s.out_w, list);
    if (count < s.kernel_w) list[count].tap = -1;
  }
  p.columns = columns;
  uint8_t* indices =
      scratch.take<uint8_t>(static_cast<size_t>(p.chunks) * s.taps() * p.tap_indices() + kIndexSlack);
  p.indices = indices;
  parallel_for(static_cast<int64_t>(p.chunks) * s.taps(), [&](int64_t task) {
    make_indices(p, a.w, static_cast<int>(task % s.taps()), static_cast<int>(task / s.taps()),
                 indices + task * p.tap_indices());
  });
  const int image_tiles = (s.n + p.tile - 1) / p.tile;
  const int task_rows = rows_per_task(s, image_tiles);
  const int row_blocks = (s.h + task_rows - 1) / task_rows;
  parallel_for(static_cast<int64_t>(image_tiles) * row_blocks, [&](int64_t task) {
    Task t;
    t.first_image = static_cast<int>(task / row_blocks) * p.tile;
    t.images = std::min(p.tile, s.n - t.first_image);
    t.first_row = static_cast<int>(task % row_blocks) * task_rows;
    t.end_row = std::min(s.h, t.first_row + task_rows);
    backward_input_rows(p, t);
  });
}

}  // namespace bnn::avx512
