// Binary convolution by looking up popcounts. Four input channels make a nibble; vpshufb looks up, for 32 output channels
// at once, popcount(x ^ w) in a 16-byte row that belongs to the x nibble, with the weights' nibbles as indices.
//
// A popcount of 4 bits needs only 3 bits of its byte, so one row serves a pair of images: the first image's count lies in
// the low half of each byte, the second's in the high half. Three look-ups add up (to 12 at most) before the halves are
// told apart: half the look-ups and loads, for a few instructions every third or sixth one.
//
// The images of one position share their valid taps, so the look-ups of a position are one list without padding: "rows" of
// 32 weight nibbles, each with the x nibbles of four pairs of images.
#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "implementations.h"
#include "kernels/binary_conv/nibbles_avx2.h"
#include "kernels/binary_conv/popcounts_avx2.h"
#include "kernels/streaming.h"
#include "parallel.h"
#include "reference/conv_taps.h"

namespace bnn::avx2 {
namespace {

constexpr int kRowsPerFlush = 63;  // 63 counts of at most 4 fit a byte
constexpr int kBlocksPerTask = 8;  // blocks of images that share the weights of a task
constexpr int kMaxCount = 65535;   // counts are summed in 16 bits

enum Scratch { kIndices, kWeights, kScale, kGathered, kRuns, kSources };

// Valid taps that follow each other have their weights in one piece.
struct Run {
  int first_tap, taps;
};
struct Runs {
  Run* all;
  int count;
};

// What ends the sums of a block of output channels.
struct Finish {
  __m256 products;        // of all valid taps: the sum if no bit differs
  const float* scale;
  const float* residual;  // at the place of y, or null
  const float* slope;     // of the residual's PReLU, or null
  int channels;
};

template <bool kStreamed>
inline void store(float* y, __m256 v) {
  kStreamed ? _mm256_stream_ps(y, v) : _mm256_storeu_ps(y, v);
}

// scale · (products − 2 · differing bits) + residual
template <bool kStreamed>
inline void store_sums(__m256i counts, const Finish& f, int from, const float* residual, float* y) {
  const __m256 sum = _mm256_fnmadd_ps(_mm256_cvtepi32_ps(counts), _mm256_set1_ps(2.0f), f.products);
  const __m256 scale = _mm256_loadu_ps(f.scale + from);
  if (residual == nullptr) return store<kStreamed>(y + from, _mm256_mul_ps(sum, scale));
  __m256 added = _mm256_loadu_ps(residual + from);
  if (f.slope != nullptr) {
    const __m256 positive = _mm256_cmp_ps(added, _mm256_setzero_ps(), _CMP_GT_OQ);
    added = _mm256_blendv_ps(_mm256_mul_ps(_mm256_loadu_ps(f.slope + from), added), added, positive);
  }
  store<kStreamed>(y + from, _mm256_fmadd_ps(sum, scale, added));
}

template <bool kHalf, bool kStreamed>
inline void store_image(WordCounts counts, const Finish& f, const float* residual, float* y) {
  constexpr int width = kHalf ? kHalfBlock : kBlock;
  alignas(32) float all[width];
  alignas(32) float others[width];
  float* to = f.channels == width ? y : all;
  if (to == all && residual != nullptr) {
    std::memcpy(others, residual, f.channels * sizeof(float));
    std::fill(others + f.channels, others + width, 0.0f);
    residual = others;
  }
  if (kHalf) {
    // the two halves counted different input channels
    const __m128i first = _mm_add_epi16(_mm256_castsi256_si128(counts.low), _mm256_extracti128_si256(counts.low, 1));
    const __m128i second = _mm_add_epi16(_mm256_castsi256_si128(counts.high), _mm256_extracti128_si256(counts.high, 1));
    store_sums<kStreamed>(_mm256_cvtepu16_epi32(first), f, 0, residual, to);
    store_sums<kStreamed>(_mm256_cvtepu16_epi32(second), f, 8, residual, to);
  } else {
    const __m256i zero = _mm256_setzero_si256();
    store_sums<kStreamed>(_mm256_unpacklo_epi16(counts.low, zero), f, 0, residual, to);
    store_sums<kStreamed>(_mm256_unpackhi_epi16(counts.low, zero), f, 8, residual, to);
    store_sums<kStreamed>(_mm256_unpacklo_epi16(counts.high, zero), f, 16, residual, to);
    store_sums<kStreamed>(_mm256_unpackhi_epi16(counts.high, zero), f, 24, residual, to);
  }
  if (to == all) std::memcpy(y, all, f.channels * sizeof(float));
}

// One block of images, one block of output channels: x holds the gathered indices of all valid taps; `first_float` is the
// place of the first image in y.
template <int kCount, bool kHalf>
void run_block(const Plan& p, const Runs& runs, int valid_taps, const uint16_t* x, int block, size_t first_float, int images) {
  const int tap_rows = kHalf ? p.nibbles / 2 : p.nibbles;
  const uint8_t* weights = p.weights + block * p.block_bytes();
  if (p.residual != nullptr)
    for (int image = 0; image < images; ++image)
      for (int k = 0; k < (kHalf ? kHalfBlock : kBlock); k += 16)
        __builtin_prefetch(p.residual + first_float + block * kBlock + static_cast<size_t>(image) * p.shape.k + k);
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
  const int channel = block * kBlock;
  Finish f{};
  f.products = _mm256_set1_ps(static_cast<float>(valid_taps * p.shape.c));
  f.scale = p.scale + channel;
  f.slope = p.slope == nullptr ? nullptr : p.slope + channel;
  f.channels = std::min(kHalf ? kHalfBlock : kBlock, p.shape.k - channel);
  first_float += channel;
  const auto store = [&](WordCounts counts, size_t at) {
    const float* residual = p.residual == nullptr ? nullptr : p.residual + at;
    p.streamed ? store_image<kHalf, true>(counts, f, residual, p.y + at)
               : store_image<kHalf, false>(counts, f, residual, p.y + at);
  };
#pragma GCC unroll 4
  for (int pair = 0; pair < kCount; ++pair, first_float += 2 * static_cast<size_t>(p.shape.k)) {
    const WordCounts first = widen(bytes.first(pair));
    const WordCounts second = widen(bytes.second[pair]);
    store(flushed ? earlier[2 * pair] + first : first, first_float);
    if (2 * pair + 1 < images) store(flushed ? earlier[2 * pair + 1] + second : second, first_float + p.shape.k);
  }
}

template <bool kHalf>
void run_images(const Plan& p, const Runs& runs, int valid_taps, const uint16_t* x, int block, size_t first_float, int images) {
  switch ((images + 1) / 2) {
    case 1: return run_block<1, kHalf>(p, runs, valid_taps, x, block, first_float, images);
    case 2: return run_block<2, kHalf>(p, runs, valid_taps, x, block, first_float, images);
    case 3: return run_block<3, kHalf>(p, runs, valid_taps, x, block, first_float, images);
    default: return run_block<4, kHalf>(p, runs, valid_taps, x, block, first_float, images);
  }
}

// All output channels of one output position for the image blocks [first, last).
void run_position(const Plan& p, int64_t position, int first, int last) {
  const ConvShape& s = p.shape;
  Runs runs{scratch<Run>(kRuns, s.taps()), 0};
  size_t* sources = scratch<size_t>(kSources, s.taps());
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
  uint16_t* gathered = scratch<uint16_t>(kGathered, block_indices * (last - first) + 1);
  uint16_t* to = gathered;
  for (int block = first; block < last; ++block)
    for (int tap = 0; tap < valid_taps; ++tap) {
      const uint16_t* from = p.indices + (sources[tap] * p.image_blocks + block) * tap_indices;
      for (size_t i = 0; i < tap_indices; i += 8, to += 8)
        _mm_store_si128(reinterpret_cast<__m128i*>(to), _mm_load_si128(reinterpret_cast<const __m128i*>(from + i)));
    }
  for (int channels = 0; channels < p.full_blocks + p.half_blocks; ++channels)
    for (int block = first; block < last; ++block) {
      const uint16_t* x = gathered + (block - first) * block_indices;
      const int images = std::min(kImages, s.n - block * kImages);
      const size_t out = (static_cast<size_t>(position) * s.n + block * kImages) * s.k;
      if (channels < p.full_blocks)
        run_images<false>(p, runs, valid_taps, x, channels, out, images);
      else
        run_images<true>(p, runs, valid_taps, x, channels, out, images);
    }
  if (p.streamed) _mm_sfence();
}

}  // namespace

void run(const BinaryConvForward& a) {
  const ConvShape& s = a.shape;
  if (static_cast<int64_t>(s.taps()) * s.c > kMaxCount) return reference::run(a);
  Plan p{};
  p.shape = s;
  p.nibbles = (s.c + 7) / 8 * 2;
  p.image_blocks = (s.n + kImages - 1) / kImages;
  p.half_blocks = s.k % kBlock != 0 && s.k % kBlock <= kHalfBlock;
  p.full_blocks = (s.k + kBlock - 1) / kBlock - p.half_blocks;
  const int64_t inputs = static_cast<int64_t>(s.h) * s.w;
  uint16_t* indices = scratch<uint16_t>(kIndices, inputs * p.image_blocks * p.indices_per_block());
  uint8_t* weights = scratch<uint8_t>(kWeights, p.block_bytes() * (p.full_blocks + p.half_blocks));
  const size_t channels = static_cast<size_t>(p.full_blocks + p.half_blocks) * kBlock;
  float* scale = scratch<float>(kScale, 2 * channels);
  std::fill_n(scale, 2 * channels, 0.0f);
  std::copy_n(a.scale, s.k, scale);
  if (a.slope != nullptr) p.slope = std::copy_n(a.slope, s.k, scale + channels) - s.k;
  p.indices = indices;
  p.weights = weights;
  p.scale = scale;
  p.residual = a.residual;
  p.y = a.y;
  p.streamed = worth_streaming(a.y, s.output_size(), kConvolvedFloats) && s.k % 8 == 0;
  parallel_for(inputs + s.taps(), [&](int64_t task) {
    if (task < inputs)
      make_position_indices(p, a.x, task, indices);
    else
      make_tap_weights(p, a.w, static_cast<int>(task - inputs), weights);
  });
  const int parts = (p.image_blocks + kBlocksPerTask - 1) / kBlocksPerTask;
  parallel_for(static_cast<int64_t>(s.out_h) * s.out_w * parts, [&](int64_t task) {
    const int first = static_cast<int>(task % parts) * kBlocksPerTask;
    run_position(p, task / parts, first, std::min(first + kBlocksPerTask, p.image_blocks));
  });
}

}  // namespace bnn::avx2
