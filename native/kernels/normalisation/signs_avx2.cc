#include "implementations.h"
#include "kernels/folded_rows_avx2.h"

namespace bnn::avx2 {
namespace {

// Packs v ≥ 0 and, if `mask` is there, |v| ≤ 1 of values(lanes, row, channel).
template <class Values>
void pack(size_t rows, size_t channels, uint32_t* sign, uint32_t* mask, const Values& values) {
  const size_t words = (channels + 31) / 32;
  const size_t rows_of_task = std::max(32768 / std::max(channels, size_t{1}), size_t{1});
  const size_t tasks = (rows + rows_of_task - 1) / rows_of_task;
  parallel_for(static_cast<int64_t>(tasks), [&](int64_t task) {
    const size_t first = task * rows_of_task;
    const size_t last = std::min(rows, first + rows_of_task);
    for (size_t row = first; row < last; ++row)
      for (size_t word = 0; word < words; ++word) {
        uint32_t signs = 0;
        uint32_t passes = 0;
        for_vectors(std::min(channels - word * 32, size_t{32}), [&](auto lanes, size_t bit) {
          const __m256 v = values(lanes, row, word * 32 + bit);
          const __m256 not_negative = _mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_GE_OQ);
          signs |= static_cast<uint32_t>(_mm256_movemask_ps(lanes.keep(not_negative))) << bit;
          if (mask == nullptr) return;
          const __m256 magnitude = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), v);
          const __m256 small = _mm256_cmp_ps(magnitude, _mm256_set1_ps(1.0f), _CMP_LE_OQ);
          passes |= static_cast<uint32_t>(_mm256_movemask_ps(lanes.keep(small))) << bit;
        });
        sign[row * words + word] = signs;
        if (mask != nullptr) mask[row * words + word] = passes;
      }
  });
}

}  // namespace

void run(const ChannelAffineSign& a) {
  const size_t channels = a.channels;
  pack(a.rows, channels, a.sign, a.mask, [&](auto lanes, size_t row, size_t c) {
    return _mm256_fmadd_ps(lanes.load(a.x + row * channels + c), lanes.load(a.scale + c), lanes.load(a.shift + c));
  });
}

void run(const PackSigns& a) {
  const size_t channels = a.channels;
  pack(a.rows, channels, a.sign, a.mask,
       [&](auto lanes, size_t row, size_t c) { return lanes.load(a.x + row * channels + c); });
}

void run(const UnpackSigns& a) {
  const FoldedRows rows(a.rows, a.channels);
  const bool streamed = worth_streaming(a.y, rows.size());
  for_chunks(rows, [&](const Chunk& chunk) {
    const ChunkBits bits(rows, chunk, a.sign);
    each_vector(rows, chunk, streamed, [&](auto lanes, size_t offset, size_t) {
      lanes.store(a.y + offset, _mm256_blendv_ps(_mm256_set1_ps(-1.0f), _mm256_set1_ps(1.0f), bits.lanes(offset)));
    });
  });
}

}  // namespace bnn::avx2
