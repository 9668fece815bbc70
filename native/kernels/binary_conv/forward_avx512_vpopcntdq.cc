// Binary convolution by counting differing bits: xor, vpopcntd and an addition take 16 output channels 32
// input channels further. A tile of images × vectors of output channels shares its operands. The images of
// one position share their valid taps, so the loop over these is one list without padding.
//
// Where two or more taps of an image fit into a word, they share one. A tap outside the image leaves its bits
// 0 there. The ones of the filter at these bits are counted as differing, so their number is subtracted
// again.
//
// With several groups a mask beside the weights says which input channels an output channel sees. One
// instruction applies xor and mask, and words that no output channel of a tile sees are skipped.
#include <algorithm>

#include "implementations.h"
#include "kernels/binary_conv/forward_plan_avx512.h"
#include "kernels/binary_conv/gate_gradient.h"
#include "kernels/binary_conv/output_stage.h"
#include "kernels/lanes_avx512.h"
#include "parallel.h"
#include "reference/bits.h"
#include "reference/conv_taps.h"
#include "scratch.h"

namespace bnn::avx512 {
namespace {

constexpr int kTileVectors = 4;
constexpr int kTaskImages = 32;
constexpr int kXorAnd = 0x28;  // (a ^ b) & c

// The words of a tap, or those that taps share, from the first image of a tile and the first output channel
// on.
struct Source {
  const uint32_t* x;
  const uint32_t* w;
};

// The operands of a task. x_stride is the distance in x from image to image.
struct Position {
  const Source* sources;
  int count;
  size_t x_stride;
  const int32_t* products;  // [columns] the sum if no bit differed
  OutputStage stage;
};

inline __mmask16 is_positive(__m512 v) { return _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_GT_OQ); }

inline __m512 prelu(__m512 v, const float* slope) {
  return _mm512_mask_blend_ps(is_positive(v), _mm512_mul_ps(_mm512_loadu_ps(slope), v), v);
}

// The dots of one image and vector of output channels with sum · dy added. With a PReLU of z the dots of z ≤
// 0 are those in `flat`, and dz is written.
inline __m512 dotted(const OutputStage& stage, __m512 sum, __m512 scale, size_t to, int at, __mmask16 lanes) {
  const __m512 dy = _mm512_maskz_loadu_ps(lanes, stage.dy + to);
  const __m512 before = _mm512_maskz_loadu_ps(lanes, stage.y + to);
  const float* slope = stage.transform.sum_slope;
  if (slope == nullptr) return _mm512_fmadd_ps(sum, dy, before);
  const __mmask16 positive = is_positive(_mm512_mul_ps(sum, scale));
  const __m512 flat = _mm512_maskz_loadu_ps(lanes, stage.flat + to);
  _mm512_mask_storeu_ps(stage.flat + to, lanes & ~positive, _mm512_fmadd_ps(sum, dy, flat));
  const __m512 sloped = _mm512_mul_ps(dy, _mm512_loadu_ps(slope + at));
  _mm512_mask_storeu_ps(stage.dz + to, lanes, _mm512_mask_blend_ps(positive, sloped, dy));
  return _mm512_mask_blend_ps(positive, before, _mm512_fmadd_ps(sum, dy, before));
}

// What one image and vector of output channels get from their sums: y, or dots.
inline __m512 finished(const OutputStage& stage, __m512 sum, __m512 scale, size_t to, int at,
                       __mmask16 lanes) {
  const OutputTransform& t = stage.transform;
  if (t.gate != nullptr) scale = _mm512_mul_ps(scale, _mm512_maskz_loadu_ps(lanes, t.gate + to));
  if (stage.dy != nullptr) return dotted(stage, sum, scale, to, at, lanes);
  const __m512 z = _mm512_mul_ps(sum, scale);
  const __m512 own = t.sum_slope == nullptr ? z : prelu(z, t.sum_slope + at);
  if (t.residual == nullptr) return own;
  __m512 added = _mm512_maskz_loadu_ps(lanes, t.residual + to);
  if (t.residual_slope != nullptr) added = prelu(added, t.residual_slope + at);
  return t.sum_slope == nullptr ? _mm512_fmadd_ps(sum, scale, added) : _mm512_add_ps(own, added);
}

struct Words {
  int first, end;
};

// The words of the input that `count` output channels from `column` on see.
inline Words words_of(const Plan& p, int column, int count) {
  if (p.joined > 1) return {0, 1};
  const ConvShape& s = p.shape;
  const int last = std::min(column + count, s.k) - 1;
  const int end_channel = (last / s.group_outputs() + 1) * s.group_inputs();
  return {column / s.group_outputs() * s.group_inputs() / kWordBits,
          (end_channel + kWordBits - 1) / kWordBits};
}

// The sums, products − 2 · differing bits, of kImages images and kVectors vectors of output channels. It is a
// function of its own, because gcc 12 runs out of registers where it is inlined.
template <int kImages, int kVectors, bool kGrouped>
__attribute__((noinline)) void forward_tile(const Plan& p, const Position& position, int image, int column) {
  __m512i counts[kImages][kVectors];
#pragma GCC unroll 8
  for (int i = 0; i < kImages; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) counts[i][v] = _mm512_setzero_si512();
  const Words words = kGrouped ? words_of(p, column, kVectors * kLanes) : Words{0, p.words};
  const size_t skipped = static_cast<size_t>(words.first) * p.columns + column;
  for (int source = 0; source < position.count; ++source) {
    const uint32_t* x = position.sources[source].x + image * position.x_stride + words.first;
    const uint32_t* w = position.sources[source].w + skipped;
    const uint32_t* mask = kGrouped ? p.masks + skipped : nullptr;
    for (int word = words.first; word < words.end; ++word, ++x, w += p.columns) {
      __m512i weights[kVectors];
      __m512i masks[kVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        weights[v] = _mm512_loadu_si512(w + v * kLanes);
        hold(weights[v]);
        if (!kGrouped) continue;
        masks[v] = _mm512_loadu_si512(mask + v * kLanes);
        hold(masks[v]);
      }
      if (kGrouped) mask += p.columns;
#pragma GCC unroll 8
      for (int i = 0; i < kImages; ++i) {
        const __m512i bits = _mm512_set1_epi32(static_cast<int>(x[i * position.x_stride]));
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          const __m512i differing = kGrouped ? _mm512_ternarylogic_epi32(bits, weights[v], masks[v], kXorAnd)
                                             : _mm512_xor_si512(bits, weights[v]);
          counts[i][v] = _mm512_add_epi32(counts[i][v], _mm512_popcnt_epi32(differing));
        }
      }
    }
  }
  const int k = p.shape.k;
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    const int at = column + v * kLanes;
    const __m512i products = _mm512_loadu_si512(position.products + at);
    const __m512 scale = _mm512_loadu_ps(position.stage.transform.scale + at);
    const __mmask16 lanes = first_lanes(k - at);
#pragma GCC unroll 8
    for (int i = 0; i < kImages; ++i) {
      const __m512i sum = _mm512_sub_epi32(products, _mm512_slli_epi32(counts[i][v], 1));
      const size_t to = static_cast<size_t>(image + i) * k + at;
      _mm512_mask_storeu_ps(position.stage.y + to, lanes,
                            finished(position.stage, _mm512_cvtepi32_ps(sum), scale, to, at, lanes));
    }
  }
}

// All output channels of kImages images.
template <int kImages, bool kGrouped>
void forward_rows(const Plan& p, const Position& position, int image) {
  for (int column = 0; column < p.columns; column += kTileVectors * kLanes) {
    const int vectors = std::min(kTileVectors, (p.columns - column) / kLanes);
    if (vectors == 1)
      forward_tile<kImages, 1, kGrouped>(p, position, image, column);
    else if (vectors == 2 || kImages > 4)  // eight images come with two vectors at most
      forward_tile<kImages, 2, kGrouped>(p, position, image, column);
    else if (vectors == 3)
      forward_tile<std::min(kImages, 4), 3, kGrouped>(p, position, image, column);
    else
      forward_tile<std::min(kImages, 4), 4, kGrouped>(p, position, image, column);
  }
}

template <bool kGrouped>
void forward_images(const Plan& p, const Position& position, int count) {
  int image = 0;
  if (p.columns <= 2 * kLanes)
    for (; image + 8 <= count; image += 8) forward_rows<8, kGrouped>(p, position, image);
  for (; image + 4 <= count; image += 4) forward_rows<4, kGrouped>(p, position, image);
  for (; image + 2 <= count; image += 2) forward_rows<2, kGrouped>(p, position, image);
  if (image < count) forward_rows<1, kGrouped>(p, position, image);
}

// The words of `images` images from `first` on, in which the taps of word `word` are joined. `sources` has
// the input position of each tap, or −1 for a tap outside.
void join_taps(const Plan& p, const int64_t* sources, int word, int first, int images, uint32_t* to) {
  const ConvShape& s = p.shape;
  const int first_tap = word * p.joined;
  const int end_tap = std::min(s.taps(), first_tap + p.joined);
  for (int image = 0; image < images; image += kLanes) {
    const __mmask16 lanes = first_lanes(images - image);
    __m512i joined = _mm512_setzero_si512();
    for (int tap = first_tap; tap < end_tap; ++tap) {
      if (sources[tap] < 0) continue;
      const __m512i bits = _mm512_maskz_loadu_epi32(lanes, p.x + sources[tap] * s.n + first + image);
      joined = _mm512_or_si512(joined, _mm512_sllv_epi32(bits, _mm512_set1_epi32((tap - first_tap) * s.c)));
    }
    _mm512_storeu_si512(to + image, joined);
  }
}

// One output position for the images [first, first + images).
void forward_position(const Plan& p, int64_t index, int first, int images, const OutputStage& stage) {
  const ConvShape& s = p.shape;
  Scratch scratch;
  int64_t* sources = scratch.take<int64_t>(s.taps());
  std::fill_n(sources, s.taps(), -1);
  Source* list = scratch.take<Source>(s.taps());
  int count = 0;
  int valid = 0;
  for_valid_taps(s, index, [&](int tap, size_t source) {
    sources[tap] = static_cast<int64_t>(source);
    ++valid;
  });
  int32_t* products = scratch.take<int32_t>(p.columns);
  std::fill_n(products, p.columns, valid * s.group_inputs());
  if (p.joined == 1) {
    for (int tap = 0; tap < s.taps(); ++tap)
      if (sources[tap] >= 0)
        list[count++] = {p.x + (sources[tap] * s.n + first) * p.words,
                         p.weights + static_cast<size_t>(tap) * p.words * p.columns};
  } else {
    constexpr int row = (kTaskImages + kLanes - 1) / kLanes * kLanes;
    uint32_t* joined = scratch.take<uint32_t>(p.tap_words(), row);
    for (int word = 0; word < p.tap_words(); ++word) {
      join_taps(p, sources, word, first, images, joined + word * row);
      list[count++] = {joined + word * row, p.weights + static_cast<size_t>(word) * p.columns};
    }
    for (int tap = 0; tap < s.taps(); ++tap) {
      if (sources[tap] >= 0) continue;
      const int32_t* ones = p.ones + static_cast<size_t>(tap) * p.columns;
      for (int k = 0; k < p.columns; ++k) products[k] += 2 * ones[k];
    }
  }
  const Position position{list, count, static_cast<size_t>(p.joined == 1 ? p.words : 1), products, stage};
  s.groups > 1 ? forward_images<true>(p, position, images) : forward_images<false>(p, position, images);
}

}  // namespace

void binary_conv_forward_avx512(const BinaryConvForward& a) {
  const ConvShape& s = a.shape;
  Scratch scratch;
  const Plan p = make_plan(s, a.x, a.w, a.transform, scratch);
  const int parts = (s.n + kTaskImages - 1) / kTaskImages;
  parallel_for(static_cast<int64_t>(s.out_h) * s.out_w * parts, [&](int64_t task) {
    const int first = static_cast<int>(task % parts) * kTaskImages;
    const int64_t position = task / parts;
    forward_position(p, position, first, std::min(kTaskImages, s.n - first),
                     stage_at(s, p.transform, a.y, position, first));
  });
}

void binary_conv_gate_gradient_avx512(const BinaryConvGateGradient& a) {
  const ConvShape& s = a.shape;
  Scratch scratch;
  const Plan p = make_plan(s, a.x, a.w, a.transform, scratch);
  sum_gate_gradient(a, p.transform, kTaskImages,
                    [&](int64_t position, int first, int images, const OutputStage& stage) {
                      forward_position(p, position, first, images, stage);
                    });
}

}  // namespace bnn::avx512
