// Binary convolution by looking up popcounts. Four input channels make a nibble; vpshufb looks up, for 32 output channels
// at once, popcount(x ^ w) in a 16-byte row that belongs to the x nibble, with the weights' nibbles as indices.
//
// A popcount of 4 bits needs only 3 bits of its byte, so one row serves a pair of images: the first image's count lies in
// the low half of each byte, the second's in the high half. Three look-ups add up (to 12 at most) before the halves are
// told apart, which halves the look-ups and the loads for the price of four instructions every third one.
//
// The images of one position share their valid taps, so the look-ups of a position are one list without padding: "rows" of
// 32 weight nibbles, each with the x nibbles of four pairs of images.
#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "implementations.h"
#include "parallel.h"
#include "reference/bits.h"
#include "reference/conv_taps.h"

namespace bnn::avx2 {
namespace {

constexpr int kPairs = 4;             // pairs of images that share each load of weights
constexpr int kImages = 2 * kPairs;   // images of one block
constexpr int kBlock = 32;            // output channels of one register of nibbles
constexpr int kHalfBlock = 16;        // or 16, with two nibbles of input channels in the two halves of the register
constexpr int kRowsPerFlush = 63;     // 63 counts of at most 4 fit a byte
constexpr int kBlocksPerTask = 8;     // blocks of images that share the weights of a task
constexpr int kMaxCount = 65535;      // counts are summed in 16 bits

enum Scratch { kIndices, kWeights, kScale, kGathered };

// Row (a | b << 4): byte v is popcount(a ^ v) + 16 popcount(b ^ v).
struct PopcountRows {
  alignas(64) uint8_t rows[256][16];
};

constexpr int popcount4(int v) { return (v & 1) + (v >> 1 & 1) + (v >> 2 & 1) + (v >> 3 & 1); }

constexpr PopcountRows make_popcount_rows() {
  PopcountRows table{};
  for (int pair = 0; pair < 256; ++pair)
    for (int v = 0; v < 16; ++v)
      table.rows[pair][v] = static_cast<uint8_t>(popcount4((pair & 15) ^ v) | popcount4((pair >> 4) ^ v) << 4);
  return table;
}

constexpr PopcountRows kPopcounts = make_popcount_rows();

// How the operands of one convolution lie in scratch memory.
struct Plan {
  ConvShape shape;
  int nibbles;       // of input channels a tap, rounded up to an even number
  int image_blocks;  // of kImages
  int full_blocks;   // of kBlock output channels
  int half_blocks;   // 0 or 1
  const uint16_t* indices;  // [input position][image block][nibble][pair]: offset of the popcount row
  const uint8_t* weights;   // full blocks [tap][nibble][32], then the half block [tap][nibble / 2][2][16]
  const float* scale;       // zeros after the last channel

  size_t block_bytes() const { return static_cast<size_t>(shape.taps()) * nibbles * kBlock; }
  size_t indices_per_block() const { return static_cast<size_t>(nibbles) * kPairs; }
};

// The offsets of popcount rows for 32 input channels of a block of eight images: words[i] holds image i's bits.
inline void make_indices(const uint32_t* words, size_t stride, int images, uint16_t* out) {
  __m128i first, second;
  if (stride == 1 && images == kImages) {
    const __m128 low = _mm_loadu_ps(reinterpret_cast<const float*>(words));
    const __m128 high = _mm_loadu_ps(reinterpret_cast<const float*>(words + 4));
    first = _mm_castps_si128(_mm_shuffle_ps(low, high, 0x88));
    second = _mm_castps_si128(_mm_shuffle_ps(low, high, 0xdd));
  } else {
    uint32_t row[kImages] = {};
    for (int i = 0; i < images; ++i) row[i] = words[i * stride];
    first = _mm_setr_epi32(row[0], row[2], row[4], row[6]);
    second = _mm_setr_epi32(row[1], row[3], row[5], row[7]);
  }
  const __m128i low_half = _mm_set1_epi8(0x0f);
  const __m128i even = _mm_or_si128(_mm_and_si128(first, low_half), _mm_slli_epi16(_mm_and_si128(second, low_half), 4));
  const __m128i odd =
      _mm_or_si128(_mm_and_si128(_mm_srli_epi16(first, 4), low_half), _mm_andnot_si128(low_half, second));
  const __m128i by_nibble = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const __m128i evens = _mm_shuffle_epi8(even, by_nibble);
  const __m128i odds = _mm_shuffle_epi8(odd, by_nibble);
  const __m256i low = _mm256_slli_epi16(_mm256_cvtepu8_epi16(_mm_unpacklo_epi32(evens, odds)), 4);
  const __m256i high = _mm256_slli_epi16(_mm256_cvtepu8_epi16(_mm_unpackhi_epi32(evens, odds)), 4);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), low);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 16), high);
}

void make_position_indices(const Plan& p, const uint32_t* x, size_t position, uint16_t* indices) {
  const ConvShape& s = p.shape;
  const size_t words = packed_words(s.c);
  for (int block = 0; block < p.image_blocks; ++block) {
    const int image = block * kImages;
    const uint32_t* rows = x + (position * s.n + image) * words;
    uint16_t* out = indices + (position * p.image_blocks + block) * p.indices_per_block();
    for (size_t word = 0; word < words; ++word) {
      const int images = std::min(kImages, s.n - image);
      const int nibbles = std::min(8, p.nibbles - static_cast<int>(word) * 8);
      uint16_t* to = out + word * 8 * kPairs;
      if (nibbles == 8) {
        make_indices(rows + word, words, images, to);
      } else {
        alignas(32) uint16_t all[8 * kPairs];
        make_indices(rows + word, words, images, all);
        std::memcpy(to, all, nibbles * kPairs * sizeof(uint16_t));
      }
    }
  }
}

// Spreads 32 bits to 32 bytes of 0 or 255.
inline __m256i spread_bits(uint32_t bits) {
  const __m256i byte_of = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
  const __m256i bit_of = _mm256_set1_epi64x(static_cast<int64_t>(0x8040201008040201));
  const __m256i bytes = _mm256_shuffle_epi8(_mm256_set1_epi32(static_cast<int>(bits)), byte_of);
  return _mm256_cmpeq_epi8(_mm256_and_si256(bytes, bit_of), bit_of);
}

// Bytes k, k + 8 … are put where two rounds of unpacking (8 to 16 to 32 bits) leave eight neighbouring channels in one
// register: dwords 0, 4, 1, 5, 2, 6, 3, 7.
inline __m256i order_for_unpacking(__m256i nibbles) {
  return _mm256_permutevar8x32_epi32(nibbles, _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7));
}

// The nibbles of 32 output channels from word `word` of each filter row.
inline __m256i weight_nibbles(const Plan& p, const uint32_t* w, int tap, int nibble, int word) {
  const ConvShape& s = p.shape;
  const size_t words = packed_words(s.k);
  __m256i nibbles = _mm256_setzero_si256();
  for (int bit = 0; bit < 4 && nibble * 4 + bit < s.c; ++bit) {
    const uint32_t bits = w[(static_cast<size_t>(tap) * s.c + nibble * 4 + bit) * words + word];
    nibbles = _mm256_or_si256(nibbles, _mm256_and_si256(spread_bits(bits), _mm256_set1_epi8(static_cast<char>(1 << bit))));
  }
  return nibbles;
}

void make_tap_weights(const Plan& p, const uint32_t* w, int tap, uint8_t* weights) {
  const int blocks = p.full_blocks + p.half_blocks;
  for (int block = 0; block < blocks; ++block) {
    const bool half = block == p.full_blocks;
    uint8_t* out = weights + block * p.block_bytes() + static_cast<size_t>(tap) * p.nibbles * (half ? kHalfBlock : kBlock);
    for (int nibble = 0; nibble < p.nibbles; ++nibble) {
      const __m256i nibbles = weight_nibbles(p, w, tap, nibble, block);
      if (half)
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + nibble * kHalfBlock), _mm256_castsi256_si128(nibbles));
      else
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + nibble * kBlock), order_for_unpacking(nibbles));
    }
  }
}

// Valid taps that follow each other have their weights in one piece.
struct Run {
  int first_tap, taps;
};

template <bool kHalf>
inline __m256i popcount_row(const uint16_t* x, int row, int pair) {
  const char* table = reinterpret_cast<const char*>(kPopcounts.rows);
  if (!kHalf) {
    const auto* entry = reinterpret_cast<const __m128i*>(table + x[row * kPairs + pair]);
    return _mm256_broadcastsi128_si256(_mm_load_si128(entry));
  }
  const auto* low = reinterpret_cast<const __m128i*>(table + x[2 * row * kPairs + pair]);
  const auto* high = reinterpret_cast<const __m128i*>(table + x[(2 * row + 1) * kPairs + pair]);
  return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_load_si128(low)), _mm_load_si128(high), 1);
}

// Counts of differing bits for kCount pairs of images: `both` is the sum of first + 16 second modulo 256, `second` the sum
// for the second images alone.
template <int kCount>
struct ByteCounts {
  __m256i both[kCount], second[kCount];

  inline void clear() {
    for (int p = 0; p < kCount; ++p) both[p] = second[p] = _mm256_setzero_si256();
  }
  inline void add(int p, __m256i counts) {
    both[p] = _mm256_add_epi8(both[p], counts);
    second[p] = _mm256_add_epi8(second[p], _mm256_and_si256(_mm256_srli_epi16(counts, 4), _mm256_set1_epi8(0x0f)));
  }
  inline __m256i first_count(int p) const {
    const __m256i shifted = _mm256_slli_epi16(_mm256_and_si256(second[p], _mm256_set1_epi8(0x0f)), 4);
    return _mm256_sub_epi8(both[p], shifted);
  }
};

template <int kCount, bool kHalf>
inline void add_rows(ByteCounts<kCount>& counts, const uint16_t* x, const uint8_t* w, int rows) {
  const int step = kHalf ? 2 * kPairs : kPairs;
  for (; rows >= 3; rows -= 3, w += 3 * kBlock, x += 3 * step) {
    const __m256i w0 = _mm256_load_si256(reinterpret_cast<const __m256i*>(w));
    const __m256i w1 = _mm256_load_si256(reinterpret_cast<const __m256i*>(w + kBlock));
    const __m256i w2 = _mm256_load_si256(reinterpret_cast<const __m256i*>(w + 2 * kBlock));
#pragma GCC unroll 4
    for (int p = 0; p < kCount; ++p) {
      __m256i sum = _mm256_shuffle_epi8(popcount_row<kHalf>(x, 0, p), w0);
      sum = _mm256_add_epi8(sum, _mm256_shuffle_epi8(popcount_row<kHalf>(x, 1, p), w1));
      counts.add(p, _mm256_add_epi8(sum, _mm256_shuffle_epi8(popcount_row<kHalf>(x, 2, p), w2)));
    }
  }
  for (; rows > 0; --rows, w += kBlock, x += step) {
    const __m256i w0 = _mm256_load_si256(reinterpret_cast<const __m256i*>(w));
#pragma GCC unroll 4
    for (int p = 0; p < kCount; ++p) counts.add(p, _mm256_shuffle_epi8(popcount_row<kHalf>(x, 0, p), w0));
  }
}

// 16-bit counts of one image: channels in the order that unpacking leaves.
struct WordCounts {
  __m256i low, high;
};

inline WordCounts widen(__m256i bytes) {
  const __m256i zero = _mm256_setzero_si256();
  return {_mm256_unpacklo_epi8(bytes, zero), _mm256_unpackhi_epi8(bytes, zero)};
}

inline void add_words(WordCounts& total, WordCounts more) {
  total.low = _mm256_add_epi16(total.low, more.low);
  total.high = _mm256_add_epi16(total.high, more.high);
}

// scale · (products − 2 · differing bits), the products of all valid taps being the sum if no bit differs
inline void store_sums(__m256i counts, __m256 products, const float* scale, float* y) {
  const __m256 sum = _mm256_fnmadd_ps(_mm256_cvtepi32_ps(counts), _mm256_set1_ps(2.0f), products);
  _mm256_storeu_ps(y, _mm256_mul_ps(sum, _mm256_loadu_ps(scale)));
}

template <bool kHalf>
inline void store_image(const WordCounts& counts, __m256 products, const float* scale, float* y, int channels) {
  constexpr int width = kHalf ? kHalfBlock : kBlock;
  alignas(32) float all[width];
  float* to = channels == width ? y : all;
  if (kHalf) {
    // the two halves counted different input channels
    const __m128i first = _mm_add_epi16(_mm256_castsi256_si128(counts.low), _mm256_extracti128_si256(counts.low, 1));
    const __m128i second = _mm_add_epi16(_mm256_castsi256_si128(counts.high), _mm256_extracti128_si256(counts.high, 1));
    store_sums(_mm256_cvtepu16_epi32(first), products, scale, to);
    store_sums(_mm256_cvtepu16_epi32(second), products, scale + 8, to + 8);
  } else {
    const __m256i zero = _mm256_setzero_si256();
    store_sums(_mm256_unpacklo_epi16(counts.low, zero), products, scale, to);
    store_sums(_mm256_unpackhi_epi16(counts.low, zero), products, scale + 8, to + 8);
    store_sums(_mm256_unpacklo_epi16(counts.high, zero), products, scale + 16, to + 16);
    store_sums(_mm256_unpackhi_epi16(counts.high, zero), products, scale + 24, to + 24);
  }
  if (to == all) std::memcpy(y, all, channels * sizeof(float));
}

// One block of images, one block of output channels: x holds the gathered indices of all valid taps.
template <int kCount, bool kHalf>
void run_block(const Plan& p, const std::vector<Run>& runs, int valid_taps, const uint16_t* x, int block, float* y, int images) {
  const int tap_rows = kHalf ? p.nibbles / 2 : p.nibbles;
  const uint8_t* weights = p.weights + block * p.block_bytes();
  ByteCounts<kCount> bytes;
  bytes.clear();
  WordCounts words[2 * kCount];
  bool spilled = false;
  const auto spill = [&] {
#pragma GCC unroll 4
    for (int pair = 0; pair < kCount; ++pair) {
      const WordCounts first = widen(bytes.first_count(pair));
      const WordCounts second = widen(bytes.second[pair]);
      if (spilled) {
        add_words(words[2 * pair], first);
        add_words(words[2 * pair + 1], second);
      } else {
        words[2 * pair] = first;
        words[2 * pair + 1] = second;
      }
    }
    spilled = true;
  };
  int room = kRowsPerFlush;
  for (const Run& run : runs) {
    const uint8_t* w = weights + static_cast<size_t>(run.first_tap) * tap_rows * kBlock;
    int left = run.taps * tap_rows;
    while (left > 0) {
      if (room < 3 && room < left) {
        spill();
        bytes.clear();
        room = kRowsPerFlush;
      }
      const int rows = std::min(left, room);
      add_rows<kCount, kHalf>(bytes, x, w, rows);
      x += rows * (kHalf ? 2 * kPairs : kPairs);
      w += static_cast<size_t>(rows) * kBlock;
      left -= rows;
      room -= rows;
    }
  }
  spill();
  const int channel = block * kBlock;
  const int channels = std::min(kHalf ? kHalfBlock : kBlock, p.shape.k - channel);
  const __m256 products = _mm256_set1_ps(static_cast<float>(valid_taps * p.shape.c));
  for (int image = 0; image < images; ++image)
    store_image<kHalf>(words[image], products, p.scale + channel, y + static_cast<size_t>(image) * p.shape.k + channel, channels);
}

template <bool kHalf>
void run_images(const Plan& p, const std::vector<Run>& runs, int valid_taps, const uint16_t* x, int block, float* y, int images) {
  switch ((images + 1) / 2) {
    case 1: return run_block<1, kHalf>(p, runs, valid_taps, x, block, y, images);
    case 2: return run_block<2, kHalf>(p, runs, valid_taps, x, block, y, images);
    case 3: return run_block<3, kHalf>(p, runs, valid_taps, x, block, y, images);
    default: return run_block<4, kHalf>(p, runs, valid_taps, x, block, y, images);
  }
}

// All output channels of one output position for the image blocks [first, last).
void run_position(const Plan& p, int64_t position, int first, int last, float* y) {
  const ConvShape& s = p.shape;
  thread_local std::vector<Run> runs;
  thread_local std::vector<size_t> sources;
  runs.clear();
  sources.clear();
  for_valid_taps(s, position, [&](int tap, size_t source) {
    sources.push_back(source);
    if (!runs.empty() && runs.back().first_tap + runs.back().taps == tap)
      ++runs.back().taps;
    else
      runs.push_back({tap, 1});
  });
  const int valid_taps = static_cast<int>(sources.size());
  const size_t tap_indices = p.indices_per_block();
  const size_t block_indices = tap_indices * valid_taps;
  uint16_t* gathered = scratch<uint16_t>(kGathered, block_indices * (last - first) + 1);
  for (int block = first; block < last; ++block)
    for (int tap = 0; tap < valid_taps; ++tap)
      std::memcpy(gathered + (block - first) * block_indices + tap * tap_indices,
                  p.indices + (sources[tap] * p.image_blocks + block) * tap_indices, tap_indices * sizeof(uint16_t));
  for (int channels = 0; channels < p.full_blocks + p.half_blocks; ++channels)
    for (int block = first; block < last; ++block) {
      const uint16_t* x = gathered + (block - first) * block_indices;
      const int images = std::min(kImages, s.n - block * kImages);
      float* out = y + (static_cast<size_t>(position) * s.n + block * kImages) * s.k;
      if (channels < p.full_blocks)
        run_images<false>(p, runs, valid_taps, x, channels, out, images);
      else
        run_images<true>(p, runs, valid_taps, x, channels, out, images);
    }
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
  float* scale = scratch<float>(kScale, static_cast<size_t>(p.full_blocks + p.half_blocks) * kBlock);
  std::fill_n(scale, (p.full_blocks + p.half_blocks) * kBlock, 0.0f);
  std::copy_n(a.scale, s.k, scale);
  p.indices = indices;
  p.weights = weights;
  p.scale = scale;
  parallel_for(inputs + s.taps(), [&](int64_t task) {
    if (task < inputs)
      make_position_indices(p, a.x, task, indices);
    else
      make_tap_weights(p, a.w, static_cast<int>(task - inputs), weights);
  });
  const int parts = (p.image_blocks + kBlocksPerTask - 1) / kBlocksPerTask;
  parallel_for(static_cast<int64_t>(s.out_h) * s.out_w * parts, [&](int64_t task) {
    const int first = static_cast<int>(task % parts) * kBlocksPerTask;
    run_position(p, task / parts, first, std::min(first + kBlocksPerTask, p.image_blocks), a.y);
  });
}

}  // namespace bnn::avx2
