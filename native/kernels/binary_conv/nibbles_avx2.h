// The operands of the forward pass as nibbles: the bits of four channels, which are looked up together.
// Channels are ordered so that unpacking bytes to words and words to dwords restores their order.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "kernels.h"
#include "reference/bits.h"

namespace bnn::avx2 {
namespace {

constexpr int kPairs = 4;            // pairs of images that share each load of weights
constexpr int kImages = 2 * kPairs;  // images of one block
constexpr int kBlock = 32;           // output channels of one register of nibbles
constexpr int kHalfBlock = 16;  // or 16, with two nibbles of input channels in the halves of the register

// How the operands of one convolution are laid out in scratch memory.
struct Plan {
  ConvShape shape;
  int nibbles;                // of input channels a tap, rounded up to an even number
  int image_blocks;           // of kImages
  int full_blocks;            // of kBlock output channels
  int half_blocks;            // 0 or 1
  const uint16_t* indices;    // [input position][image block][nibble][pair]: offset of the popcount row
  const uint8_t* weights;     // full blocks [tap][nibble][32], then the half block [tap][nibble / 2][2][16]
  OutputTransform transform;  // padded to whole blocks
  bool streamed;              // y is written past the caches

  size_t block_bytes() const { return static_cast<size_t>(shape.taps()) * nibbles * kBlock; }
  size_t indices_per_block() const { return static_cast<size_t>(nibbles) * kPairs; }
};

// The offsets of popcount rows for 32 input channels of a block of eight images. words[i * stride] has the
// bits of image i.
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
  const __m128i even =
      _mm_or_si128(_mm_and_si128(first, low_half), _mm_slli_epi16(_mm_and_si128(second, low_half), 4));
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

// Orders nibbles so that two rounds of unpacking (8 to 16 to 32 bits) leave eight neighbouring channels in
// one register: dwords 0, 4, 1, 5, 2, 6, 3, 7.
inline __m256i order_for_unpacking(__m256i nibbles) {
  return _mm256_permutevar8x32_epi32(nibbles, _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7));
}

// The output channels of a word that see a nibble: those of its group.
inline uint32_t channels_seeing(const ConvShape& s, int nibble, int word) {
  const int first = 4 * nibble / s.group_inputs() * s.group_outputs() - 32 * word;
  const auto below = [](int channel) { return channel >= 32 ? ~0u : (1u << std::max(0, channel)) - 1; };
  return below(first + s.group_outputs()) & ~below(first);
}

// The nibbles of the 32 output channels of word `word` of each filter row. With several groups a channel that
// does not see the nibble gets an index for which vpshufb returns 0.
inline __m256i weight_nibbles(const Plan& p, const uint32_t* w, int tap, int nibble, int word) {
  const ConvShape& s = p.shape;
  const size_t words = packed_words(s.k);
  __m256i nibbles = _mm256_setzero_si256();
  for (int bit = 0; bit < 4 && nibble * 4 + bit < s.c; ++bit) {
    const size_t row = static_cast<size_t>(tap) * s.group_inputs() + (nibble * 4 + bit) % s.group_inputs();
    const uint32_t bits = w[row * words + word];
    nibbles = _mm256_or_si256(
        nibbles, _mm256_and_si256(spread_bits(bits), _mm256_set1_epi8(static_cast<char>(1 << bit))));
  }
  if (s.groups == 1) return nibbles;
  const __m256i unseen = _mm256_set1_epi8(static_cast<char>(0x80));
  return _mm256_blendv_epi8(unseen, nibbles, spread_bits(channels_seeing(s, nibble, word)));
}

void make_tap_weights(const Plan& p, const uint32_t* w, int tap, uint8_t* weights) {
  const int blocks = p.full_blocks + p.half_blocks;
  for (int block = 0; block < blocks; ++block) {
    const bool half = block == p.full_blocks;
    uint8_t* out = weights + block * p.block_bytes() +
                   static_cast<size_t>(tap) * p.nibbles * (half ? kHalfBlock : kBlock);
    for (int nibble = 0; nibble < p.nibbles; ++nibble) {
      const __m256i nibbles = weight_nibbles(p, w, tap, nibble, block);
      if (half)
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + nibble * kHalfBlock),
                         _mm256_castsi256_si128(nibbles));
      else
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + nibble * kBlock), order_for_unpacking(nibbles));
    }
  }
}

}  // namespace
}  // namespace bnn::avx2
