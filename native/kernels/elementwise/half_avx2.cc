// Eight numbers at a time; the last few are copied to a whole vector.
#include <immintrin.h>

#include <cstring>

#include "implementations.h"
#include "kernels/streaming.h"

namespace bnn::avx2 {
namespace {

constexpr size_t kWidth = 8;
constexpr size_t kStreamedHalves = 4096;

inline void narrow8(const float* x, uint16_t* y) {
  const __m128i halves = _mm256_cvtps_ph(_mm256_loadu_ps(x), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(y), halves);
}

inline __m256 widened(const uint16_t* x) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x)));
}

inline void widen8(const uint16_t* x, float* y) { _mm256_storeu_ps(y, widened(x)); }

}  // namespace

void narrow_to_half_avx2(const NarrowToHalf& a) {
  size_t i = 0;
  for (; i + kWidth <= a.size; i += kWidth) narrow8(a.x + i, a.y + i);
  if (i == a.size) return;
  float x[kWidth] = {};
  uint16_t y[kWidth];
  std::memcpy(x, a.x + i, (a.size - i) * sizeof(float));
  narrow8(x, y);
  std::memcpy(a.y + i, y, (a.size - i) * sizeof(uint16_t));
}

void widen_half_avx2(const WidenHalf& a) {
  size_t i = 0;
  // Targets of a batch are widened in one thread and read in another, much later.
  if (worth_streaming(a.y, a.size, kStreamedHalves)) {
    for (; i + kWidth <= a.size; i += kWidth) _mm256_stream_ps(a.y + i, widened(a.x + i));
    _mm_sfence();
  }
  for (; i + kWidth <= a.size; i += kWidth) widen8(a.x + i, a.y + i);
  if (i == a.size) return;
  uint16_t x[kWidth] = {};
  float y[kWidth];
  std::memcpy(x, a.x + i, (a.size - i) * sizeof(uint16_t));
  widen8(x, y);
  std::memcpy(a.y + i, y, (a.size - i) * sizeof(float));
}

}  // namespace bnn::avx2
