#include "implementations.h"
#include "kernels/folded_rows_avx2.h"

namespace bnn::avx2 {
namespace {

// The activation of v; `inside` gets all bits of a lane set where its slope is 1.
template <Activation kActivation>
inline __m256 activated(__m256 v, __m256* inside) {
  if constexpr (kActivation == Activation::kRelu) {
    *inside = _mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_GT_OQ);
    // v is the second operand, so that NaN stays NaN.
    return _mm256_max_ps(_mm256_setzero_ps(), v);
  } else {
    const __m256 one = _mm256_set1_ps(1.0f);
    const __m256 clamped = _mm256_min_ps(one, _mm256_max_ps(_mm256_set1_ps(-1.0f), v));
    *inside = _mm256_cmp_ps(magnitude(v), one, _CMP_LE_OQ);
    if constexpr (kActivation == Activation::kHardClamp) return clamped;
    return _mm256_fmadd_ps(_mm256_set1_ps(outer_slope(kActivation)), _mm256_sub_ps(v, clamped), clamped);
  }
}

// Works on the channels of one word of the mask at a time.
template <Activation kActivation>
void activate(const ChannelAffineActivation& a) {
  const size_t channels = a.channels;
  const size_t words = (channels + 31) / 32;
  const size_t rows_of_task = std::max(32768 / std::max(channels, size_t{1}), size_t{1});
  const size_t tasks = (a.rows + rows_of_task - 1) / rows_of_task;
  parallel_for(static_cast<int64_t>(tasks), [&](int64_t task) {
    const size_t first = task * rows_of_task;
    const size_t last = std::min(a.rows, first + rows_of_task);
    for (size_t row = first; row < last; ++row)
      for (size_t word = 0; word < words; ++word) {
        uint32_t bits = 0;
        for_vectors(std::min(channels - word * 32, size_t{32}), [&](auto lanes, size_t bit) {
          const size_t c = word * 32 + bit;
          const size_t i = row * channels + c;
          __m256 v = _mm256_fmadd_ps(lanes.load(a.x + i), lanes.load(a.scale + c), lanes.load(a.shift + c));
          if (a.residual != nullptr) v = _mm256_add_ps(v, lanes.load(a.residual + i));
          __m256 inside;
          lanes.store(a.y + i, activated<kActivation>(v, &inside));
          bits |= static_cast<uint32_t>(_mm256_movemask_ps(lanes.keep(inside))) << bit;
        });
        if (a.mask != nullptr) a.mask[row * words + word] = bits;
      }
  });
}

}  // namespace

void channel_affine_activation_avx2(const ChannelAffineActivation& a) {
  switch (a.activation) {
    case Activation::kRelu:
      return activate<Activation::kRelu>(a);
    case Activation::kLeakyClip:
      return activate<Activation::kLeakyClip>(a);
    case Activation::kHardClamp:
      return activate<Activation::kHardClamp>(a);
  }
}

}  // namespace bnn::avx2
