// Binary convolution by looking up popcounts. Four input channels are a nibble. vpshufb looks up popcount(x ^
// w) for 32 output channels at once: the nibble of x selects a 16-byte row, and the nibbles of the weights
// index it.
//
// A popcount of 4 bits needs 3 bits of its byte, so one row serves two images: the count of the first is in
// the low half of each byte, that of the second in the high half. Three counts can be added (12 at most)
// before the halves are separated. This takes half as many look-ups and loads, for a few instructions every
// third or sixth look-up.
//
// The images of one position share their valid taps, so the look-ups of a position are one list without
// padding: rows of 32 weight nibbles, each with the nibbles of x of four pairs of images.
#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "implementations.h"
#include "kernels/binary_conv/forward_ends_avx2.h"
#include "kernels/binary_conv/gate_gradient.h"
#include "kernels/binary_conv/nibbles_avx2.h"
#include "kernels/streaming.h"
#include "parallel.h"
#include "reference/conv_taps.h"
#include "scratch.h"
#include "sequences/grouped.h"

namespace bnn::avx2 {
namespace {

constexpr int kRowsPerFlush = 63;  // 63 counts of at most 4 fit a byte
constexpr int kBlocksPerTask = 8;  // blocks of images that share the weights of a task
constexpr int kMaxCount = 65535;   // counts are summed in 16 bits

// Consecutive valid taps, whose weights are contiguous.
struct Run {
  int first_tap, taps;
};
struct Runs {
  Run* all;
  int count;
};

// One block of images and one block of output channels. `x` has the gathered indices of all valid taps, and
// the stage begins at the first image. It is a function of its own, so that gcc keeps its sums in registers.
template <int kCount, bool kHalf>
__attribute__((noinline)) void forward_block(const Plan& p, const Runs& runs, int valid_taps,
                                             const uint16_t* x, int block, const OutputStage& stage,
                                             int images) {
  const int tap_rows = kHalf ? p.nibbles / 2 : p.nibbles;
  const uint8_t* weights = p.weights + block * p.block_bytes();
  const int channel = block * kBlock;
  const OutputStage own = stage.from_channel(channel);
  if (const float* read = own.dy != nullptr ? own.dy : own.transform.residual)
    for (int image = 0; image < images; ++image)
      for (int k = 0; k < (kHalf ? kHalfBlock : kBlock); k += 16)
        __builtin_prefetch(read + static_cast<size_t>(image) * p.shape.k + k);
  ByteCounts<kCount> bytes;
  bytes.clear();
  WordCounts earlier[2 * kCount];
  bool flushed = false;
  int room = kRowsPerFlush;
  for (int r = 0; r < runs.count; ++r) {
    const Run& run = runs.all[r];
    const uint8_t* w = weights + static_cast<size_t>(run.first_tap) * tap_rows * kBlock;
    for (int left = run.taps * tap_rows; left > 0;) {
      if (room < 3 && room < left) {
        for (int pair = 0; pair < kCount; ++pair) {
          const WordCounts first = widen(bytes.first(pair));
          const WordCounts second = widen(bytes.second[pair]);
          earlier[2 * pair] = flushed ? earlier[2 * pair] + first : first;
          earlier[2 * pair + 1] = flushed ? earlier[2 * pair + 1] + second : second;
        }
        flushed = true;
        bytes.clear();
        room = kRowsPerFlush;
      }
      const int rows = std::min(left, room);
      add_rows<kCount, kHalf>(bytes, x, w, rows);
      x += rows * kRowIndices<kHalf>;
      w += static_cast<size_t>(rows) * kBlock;
      left -= rows;
      room -= rows;
    }
  }
  const __m256 products = _mm256_set1_ps(static_cast<float>(valid_taps * p.shape.group_inputs()));
  const int channels = std::min(kHalf ? kHalfBlock : kBlock, p.shape.k - channel);
  const auto store = [&](WordCounts counts, size_t at) {
    const OutputStage row = own.from(at);
    p.streamed ? store_image<kHalf, true>(counts, products, channels, row)
               : store_image<kHalf, false>(counts, products, channels, row);
  };
  size_t at = 0;
#pragma GCC unroll 4
  for (int pair = 0; pair < kCount; ++pair, at += 2 * static_cast<size_t>(p.shape.k)) {
    const WordCounts first = widen(bytes.first(pair));
    const WordCounts second = widen(bytes.second[pair]);
    store(flushed ? earlier[2 * pair] + first : first, at);
    if (2 * pair + 1 < images) store(flushed ? earlier[2 * pair + 1] + second : second, at + p.shape.k);
  }
}

template <bool kHalf>
void forward_images(const Plan& p, const Runs& runs, int valid_taps, const uint16_t* x, int block,
                    const OutputStage& stage, int images) {
  switch ((images + 1) / 2) {
    case 1:
      return forward_block<1, kHalf>(p, runs, valid_taps, x, block, stage, images);
    case 2:
      return forward_block<2, kHalf>(p, runs, valid_taps, x, block, stage, images);
    case 3:
      return forward_block<3, kHalf>(p, runs, valid_taps, x, block, stage, images);
    default:
      return forward_block<4, kHalf>(p, runs, valid_taps, x, block, stage, images);
  }
}

// All output channels of one output position for the image blocks [first, last), with which the stage begins.
void forward_position(const Plan& p, int64_t position, int first, int last, const OutputStage& stage) {
  const ConvShape& s = p.shape;
  Scratch scratch;
  Runs runs{scratch.take<Run>(s.taps()), 0};
  size_t* sources = scratch.take<size_t>(s.taps());
  int valid_taps = 0;
  for_valid_taps(s, position, [&](int tap, size_t source) {
    sources[valid_taps++] = source;
    if (runs.count > 0 && runs.all[runs.count - 1].first_tap + runs.all[runs.count - 1].taps == tap)
      ++runs.all[runs.count - 1].taps;
    else
      runs.all[runs.count++] = {tap, 1};
  });
  const size_t tap_indices = p.indices_per_block();
  const size_t block_indices = tap_indices * valid_taps;
  uint16_t* gathered = scratch.take<uint16_t>(block_indices, last - first);
  uint16_t* to = gathered;
  for (int block = first; block < last; ++block)
    for (int tap = 0; tap < valid_taps; ++tap) {
      const uint16_t* from = p.indices + (sources[tap] * p.image_blocks + block) * tap_indices;
      for (size_t i = 0; i < tap_indices; i += 8, to += 8)
        _mm_store_si128(reinterpret_cast<__m128i*>(to),
                        _mm_load_si128(reinterpret_cast<const __m128i*>(from + i)));
    }
  for (int channels = 0; channels < p.full_blocks + p.half_blocks; ++channels)
    for (int block = first; block < last; ++block) {
      const uint16_t* x = gathered + (block - first) * block_indices;
      const int images = std::min(kImages, s.n - block * kImages);
      const OutputStage of_block = stage.from(static_cast<size_t>(block - first) * kImages * s.k);
      if (channels < p.full_blocks)
        forward_images<false>(p, runs, valid_taps, x, channels, of_block, images);
      else
        forward_images<true>(p, runs, valid_taps, x, channels, of_block, images);
    }
  if (p.streamed) _mm_sfence();
}

bool counts_fit(const ConvShape& s) { return static_cast<int64_t>(s.taps()) * s.c <= kMaxCount; }

// Whether each nibble lies within one group.
bool groups_fit(const ConvShape& s) { return s.groups == 1 || s.group_inputs() % 4 == 0; }

// The plan of a convolution, with its operands made.
Plan make_plan(const ConvShape& s, const uint32_t* x, const uint32_t* w, const OutputTransform& transform,
               Scratch& scratch) {
  Plan p{};
  p.shape = s;
  p.nibbles = (s.c + 7) / 8 * 2;
  p.image_blocks = (s.n + kImages - 1) / kImages;
  p.half_blocks = s.k % kBlock != 0 && s.k % kBlock <= kHalfBlock;
  p.full_blocks = (s.k + kBlock - 1) / kBlock - p.half_blocks;
  const int64_t inputs = static_cast<int64_t>(s.h) * s.w;
  uint16_t* indices = scratch.take<uint16_t>(inputs, p.image_blocks, p.indices_per_block());
  uint8_t* weights = scratch.take<uint8_t>(p.block_bytes(), p.full_blocks + p.half_blocks);
  const size_t channels = static_cast<size_t>(p.full_blocks + p.half_blocks) * kBlock;
  p.transform = padded(transform, s.k, channels, scratch);
  p.indices = indices;
  p.weights = weights;
  parallel_for(inputs + s.taps(), [&](int64_t task) {
    if (task < inputs)
      make_position_indices(p, x, task, indices);
    else
      make_tap_weights(p, w, static_cast<int>(task - inputs), weights);
  });
  return p;
}

}  // namespace

void binary_conv_forward_avx2(const BinaryConvForward& a) {
  const ConvShape& s = a.shape;
  if (!groups_fit(s)) return run_in_groups(a, binary_conv_forward_avx2);
  if (!counts_fit(s))
    return s.groups == 1 ? reference::binary_conv_forward_reference(a)
                         : run_in_groups(a, binary_conv_forward_avx2);
  Scratch scratch;
  Plan p = make_plan(s, a.x, a.w, a.transform, scratch);
  // Only whole blocks are streamed: part of a block goes through a copy.
  p.streamed = worth_streaming(a.y, s.output_size(), kConvolvedFloats) && s.k % kHalfBlock == 0;
  const int parts = (p.image_blocks + kBlocksPerTask - 1) / kBlocksPerTask;
  parallel_for(static_cast<int64_t>(s.out_h) * s.out_w * parts, [&](int64_t task) {
    const int first = static_cast<int>(task % parts) * kBlocksPerTask;
    forward_position(p, task / parts, first, std::min(first + kBlocksPerTask, p.image_blocks),
                     stage_at(s, p.transform, a.y, task / parts, first * kImages));
  });
}

void binary_conv_gate_gradient_avx2(const BinaryConvGateGradient& a) {
  const ConvShape& s = a.shape;
  if (!groups_fit(s)) return run_in_groups(a, binary_conv_gate_gradient_avx2);
  if (!counts_fit(s))
    return s.groups == 1 ? reference::binary_conv_gate_gradient_reference(a)
                         : run_in_groups(a, binary_conv_gate_gradient_avx2);
  Scratch scratch;
  const Plan p = make_plan(s, a.x, a.w, a.transform, scratch);
  sum_gate_gradient(a, p.transform, kBlocksPerTask * kImages,
                    [&](int64_t position, int first, int images, const OutputStage& stage) {
                      const int block = first / kImages;
                      forward_position(p, position, block, block + (images + kImages - 1) / kImages, stage);
                    });
}

}  // namespace bnn::avx2
