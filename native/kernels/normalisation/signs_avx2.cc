#include "implementations.h"
#include "kernels/normalisation/prelu_avx2.h"
#include "scratch.h"

namespace bnn::avx2 {
namespace {

// Bit i is 1 where lane i is kept and |v| ≤ 1.
template <class Lanes>
uint32_t inside_unit(const Lanes& lanes, __m256 v) {
  const __m256 inside = _mm256_cmp_ps(magnitude(v), _mm256_set1_ps(1.0f), _CMP_LE_OQ);
  return static_cast<uint32_t>(_mm256_movemask_ps(lanes.keep(inside)));
}

// body(first, last) for pieces of the rows, in parallel.
template <class Body>
void for_row_pieces(size_t rows, size_t channels, const Body& body) {
  const size_t rows_of_task = std::max(32768 / std::max(channels, size_t{1}), size_t{1});
  const size_t tasks = (rows + rows_of_task - 1) / rows_of_task;
  parallel_for(static_cast<int64_t>(tasks), [&](int64_t task) {
    const size_t first = task * rows_of_task;
    body(first, std::min(rows, first + rows_of_task));
  });
}

// body(row, word) for each word of packed rows, in parallel.
template <class Body>
void for_words(size_t rows, size_t channels, const Body& body) {
  const size_t words = (channels + 31) / 32;
  for_row_pieces(rows, channels, [&](size_t first, size_t last) {
    for (size_t row = first; row < last; ++row)
      for (size_t word = 0; word < words; ++word) body(row, word);
  });
}

// Packs v ≥ 0 and, if there is a mask, |v| ≤ 1, where v = values(lanes, row, channel).
template <class Values>
void pack(size_t rows, size_t channels, uint32_t* sign, uint32_t* mask, const Values& values) {
  const size_t words = (channels + 31) / 32;
  for_words(rows, channels, [&](size_t row, size_t word) {
    uint32_t signs = 0;
    uint32_t passes = 0;
    for_vectors(std::min(channels - word * 32, size_t{32}), [&](auto lanes, size_t bit) {
      const __m256 v = values(lanes, row, word * 32 + bit);
      const __m256 not_negative = _mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_GE_OQ);
      signs |= static_cast<uint32_t>(_mm256_movemask_ps(lanes.keep(not_negative))) << bit;
      if (mask != nullptr) passes |= inside_unit(lanes, v) << bit;
    });
    sign[row * words + word] = signs;
    if (mask != nullptr) mask[row * words + word] = passes;
  });
}

// Packs one word of each row from `first` to `last`: the kVectors · 8 channels from `channel` on. What is the
// same for every row stays in registers.
template <int kVectors, bool kSloped, bool kMasked>
void pack_affine_words(const ChannelAffineSign& a, size_t first, size_t last, size_t channel) {
  const FullLanes lanes;
  const size_t words = (a.channels + 31) / 32;
  __m256 scale[kVectors], shift[kVectors], slope[kVectors];
  for (int i = 0; i < kVectors; ++i) {
    scale[i] = _mm256_loadu_ps(a.scale + channel + 8 * i);
    shift[i] = _mm256_loadu_ps(a.shift + channel + 8 * i);
    if (kSloped) slope[i] = _mm256_loadu_ps(a.slope + channel + 8 * i);
  }
  const float* x = a.x + first * a.channels + channel;
  uint32_t* sign = a.sign + first * words + channel / 32;
  uint32_t* mask = kMasked ? a.mask + first * words + channel / 32 : nullptr;
  for (size_t row = first; row < last; ++row, x += a.channels, sign += words) {
    uint32_t signs = 0;
    uint32_t passes = 0;
    for (int i = 0; i < kVectors; ++i) {
      __m256 v = _mm256_loadu_ps(x + 8 * i);
      if (kSloped) v = prelu(v, slope[i]);
      v = _mm256_fmadd_ps(v, scale[i], shift[i]);
      signs |= static_cast<uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_GE_OQ)))
               << (8 * i);
      if (kMasked) passes |= inside_unit(lanes, v) << (8 * i);
    }
    *sign = signs;
    if (kMasked) {
      *mask = passes;
      mask += words;
    }
  }
}

template <bool kSloped, bool kMasked>
void pack_affine(const ChannelAffineSign& a) {
  const size_t channels = a.channels;
  for_row_pieces(a.rows, channels, [&](size_t first, size_t last) {
    size_t channel = 0;
    for (; channel + 32 <= channels; channel += 32)
      pack_affine_words<4, kSloped, kMasked>(a, first, last, channel);
    if (channel < channels) pack_affine_words<2, kSloped, kMasked>(a, first, last, channel);
  });
}

}  // namespace

void channel_affine_sign_avx2(const ChannelAffineSign& a) {
  const size_t channels = a.channels;
  if (channels % 32 == 0 || channels % 32 == 16) {
    if (a.slope == nullptr)
      a.mask == nullptr ? pack_affine<false, false>(a) : pack_affine<false, true>(a);
    else
      a.mask == nullptr ? pack_affine<true, false>(a) : pack_affine<true, true>(a);
    return;
  }
  pack(a.rows, channels, a.sign, a.mask, [&](auto lanes, size_t row, size_t c) {
    __m256 x = lanes.load(a.x + row * channels + c);
    if (a.slope != nullptr) x = prelu(x, lanes.load(a.slope + c));
    return _mm256_fmadd_ps(x, lanes.load(a.scale + c), lanes.load(a.shift + c));
  });
}

void channel_affine_clamp_avx2(const ChannelAffineClamp& a) {
  const size_t channels = a.channels;
  const size_t words = (channels + 31) / 32;
  const __m256 one = _mm256_set1_ps(1.0f);
  const __m256 minus_one = _mm256_set1_ps(-1.0f);
  for_words(a.rows, channels, [&](size_t row, size_t word) {
    uint32_t passes = 0;
    for_vectors(std::min(channels - word * 32, size_t{32}), [&](auto lanes, size_t bit) {
      const size_t c = word * 32 + bit;
      const size_t i = row * channels + c;
      const __m256 v = _mm256_fmadd_ps(lanes.load(a.x + i), lanes.load(a.scale + c), lanes.load(a.shift + c));
      // v is the second operand, so that NaN stays NaN.
      lanes.store(a.y + i, _mm256_min_ps(one, _mm256_max_ps(minus_one, v)));
      passes |= inside_unit(lanes, v) << bit;
    });
    if (a.mask != nullptr) a.mask[row * words + word] = passes;
  });
}

void pack_signs_avx2(const PackSigns& a) {
  const size_t channels = a.channels;
  pack(a.rows, channels, a.sign, a.mask,
       [&](auto lanes, size_t row, size_t c) { return lanes.load(a.x + row * channels + c); });
}

void unpack_signs_avx2(const UnpackSigns& a) {
  const FoldedRows rows(a.rows, a.channels);
  const bool streamed = worth_streaming(a.y, rows.size());
  for_chunks(rows, [&](const Chunk& chunk) {
    Scratch scratch;
    const ChunkBits bits(rows, chunk, a.sign, scratch);
    each_vector(rows, chunk, streamed, [&](auto lanes, size_t offset, size_t) {
      lanes.store(a.y + offset,
                  _mm256_blendv_ps(_mm256_set1_ps(-1.0f), _mm256_set1_ps(1.0f), bits.lanes(offset)));
    });
  });
}

}  // namespace bnn::avx2
