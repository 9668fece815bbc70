// The operands of the forward pass in the layout of its loops: the filter as words of input channels, with
// output channels as lanes.
#pragma once

#include <algorithm>

#include "kernels.h"
#include "kernels/binary_conv/output_stage.h"
#include "kernels/lanes_avx512.h"
#include "parallel.h"
#include "reference/bits.h"
#include "scratch.h"

namespace bnn::avx512 {
namespace {

constexpr int kWordBits = 32;

struct Plan {
  ConvShape shape;
  int joined;   // taps that share a word
  int words;    // of a tap, or 1 where taps share it
  int columns;  // output channels, a multiple of kLanes
  const uint32_t* x;
  const uint32_t* weights;    // [tap][word][columns], or [word of taps][columns]
  const uint32_t* masks;      // [word][columns], with several groups
  const int32_t* ones;        // [tap][columns] bits of the filter, where taps share a word
  OutputTransform transform;  // padded to `columns` channels

  int tap_words() const { return (shape.taps() + joined - 1) / joined; }
};

// The output channels from `column` on that see an input channel.
inline __mmask16 lanes_seeing(const ConvShape& s, int channel, int column) {
  const int first = channel / s.group_inputs() * s.group_outputs() - column;
  return first_lanes(std::max(0, first + s.group_outputs())) & ~first_lanes(std::max(0, first));
}

// Bit c of lane k is input channel `first` + c of the filter for output channel `column` + k, where that
// channel sees it. Without a filter it says whether the channel sees it.
inline __m512i filter_bits(const ConvShape& s, const uint32_t* filter, int first, int column) {
  const size_t row_words = packed_words(s.k);
  __m512i bits = _mm512_setzero_si512();
  for (int c = 0; c < std::min(kWordBits, s.c - first); ++c) {
    __mmask16 ones = lanes_seeing(s, first + c, column);
    if (filter != nullptr) {
      const uint32_t word = filter[(first + c) % s.group_inputs() * row_words + column / kWordBits];
      ones &= static_cast<__mmask16>(word >> column % kWordBits);
    }
    bits = _mm512_mask_or_epi32(bits, ones, bits, _mm512_set1_epi32(static_cast<int>(1u << c)));
  }
  return bits;
}

// The weights of one tap, or of all taps that share word `tap`.
void make_weights(const Plan& p, const uint32_t* w, int tap, uint32_t* weights, int32_t* ones) {
  const ConvShape& s = p.shape;
  const size_t tap_words = s.group_inputs() * packed_words(s.k);
  for (int column = 0; column < p.columns; column += kLanes) {
    if (p.joined == 1) {
      for (int word = 0; word < p.words; ++word)
        _mm512_storeu_si512(weights + (static_cast<size_t>(tap) * p.words + word) * p.columns + column,
                            filter_bits(s, w + tap * tap_words, word * kWordBits, column));
      continue;
    }
    __m512i all = _mm512_setzero_si512();
    for (int i = 0; i < p.joined && tap * p.joined + i < s.taps(); ++i) {
      const size_t part = static_cast<size_t>(tap) * p.joined + i;
      const __m512i bits = filter_bits(s, w + part * tap_words, 0, column);
      _mm512_storeu_si512(ones + part * p.columns + column, _mm512_popcnt_epi32(bits));
      all = _mm512_or_si512(all, _mm512_sllv_epi32(bits, _mm512_set1_epi32(i * s.c)));
    }
    _mm512_storeu_si512(weights + static_cast<size_t>(tap) * p.columns + column, all);
  }
}

// The masks of one word, for all taps that share it.
void make_masks(const Plan& p, int word, uint32_t* masks) {
  for (int column = 0; column < p.columns; column += kLanes) {
    const __m512i seen = filter_bits(p.shape, nullptr, word * kWordBits, column);
    __m512i all = _mm512_setzero_si512();
    for (int i = 0; i < p.joined; ++i)
      all = _mm512_or_si512(all, _mm512_sllv_epi32(seen, _mm512_set1_epi32(i * p.shape.c)));
    _mm512_storeu_si512(masks + static_cast<size_t>(word) * p.columns + column, all);
  }
}

// The plan of a convolution, with its weights made.
Plan make_plan(const ConvShape& s, const uint32_t* x, const uint32_t* w, const OutputTransform& transform,
               Scratch& scratch) {
  Plan p{};
  p.shape = s;
  p.joined = std::clamp(kWordBits / s.c, 1, s.taps());
  p.words = static_cast<int>(packed_words(s.c));
  p.columns = (s.k + kLanes - 1) / kLanes * kLanes;
  uint32_t* weights = scratch.take<uint32_t>(p.tap_words(), p.words, p.columns);
  int32_t* ones = p.joined > 1 ? scratch.take<int32_t>(s.taps(), p.columns) : nullptr;
  p.transform = padded(transform, s.k, p.columns, scratch);
  p.x = x;
  p.weights = weights;
  p.ones = ones;
  parallel_for(p.tap_words(), [&](int64_t tap) { make_weights(p, w, static_cast<int>(tap), weights, ones); });
  if (s.groups > 1) {
    uint32_t* masks = scratch.take<uint32_t>(p.words, p.columns);
    p.masks = masks;
    parallel_for(p.words, [&](int64_t word) { make_masks(p, static_cast<int>(word), masks); });
  }
  return p;
}

}  // namespace
}  // namespace bnn::avx512
