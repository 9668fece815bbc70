#include "implementations.h"
#include "kernels/pooling/blocks_avx2.h"
#include "reference/conv_taps.h"
#include "scratch.h"

namespace bnn::avx2 {
namespace {

constexpr size_t kBlock = 4096;

int valid_along(int out, int stride, int pad, int kernel, int size) {
  const int from = out * stride - pad;
  return std::min(size, from + kernel) - std::max(0, from);
}

// The divisor of the window at output position `position`.
float divisor(const ConvShape& s, size_t position, bool count_padding) {
  if (count_padding) return static_cast<float>(s.taps());
  const int oy = static_cast<int>(position / s.out_w);
  const int ox = static_cast<int>(position % s.out_w);
  const int valid_h = std::max(0, valid_along(oy, s.stride_h, s.pad_top, s.kernel_h, s.h));
  return static_cast<float>(valid_h * std::max(0, valid_along(ox, s.stride_w, s.pad_left, s.kernel_w, s.w)));
}

struct Source {
  const float* from;
  float divisor;
};

}  // namespace

void average_pool_avx2(const AveragePool& a) {
  const ConvShape& s = a.shape;
  const size_t inner = inner_size(s);
  for_rows_of_blocks(s.out_h, Blocks(inner, kBlock), [&](int oy, size_t start, size_t width) {
    Scratch scratch;
    const float** sources = scratch.take<const float*>(s.taps());
    for (int ox = 0; ox < s.out_w; ++ox) {
      const size_t position = static_cast<size_t>(oy) * s.out_w + ox;
      size_t count = 0;
      for_valid_taps(s, position,
                     [&](int, size_t source) { sources[count++] = a.x + source * inner + start; });
      const __m256 by = _mm256_set1_ps(divisor(s, position, a.count_padding));
      for_vectors(width, [&](auto lanes, size_t i) {
        __m256 sum = _mm256_setzero_ps();
        size_t tap = 0;
        for (; tap + 4 <= count; tap += 4) {
          const __m256 left = _mm256_add_ps(lanes.load(sources[tap] + i), lanes.load(sources[tap + 1] + i));
          const __m256 right =
              _mm256_add_ps(lanes.load(sources[tap + 2] + i), lanes.load(sources[tap + 3] + i));
          sum = _mm256_add_ps(sum, _mm256_add_ps(left, right));
        }
        for (; tap < count; ++tap) sum = _mm256_add_ps(sum, lanes.load(sources[tap] + i));
        lanes.store(a.y + position * inner + start + i, _mm256_div_ps(sum, by));
      });
    }
  });
}

void average_pool_backward_avx2(const AveragePoolBackward& a) {
  const ConvShape& s = a.shape;
  const size_t inner = inner_size(s);
  const bool streamed = worth_streaming(a.dx, s.input_size()) && inner % kLanes == 0 && a.addend != a.dx;
  for_rows_of_blocks(s.h, Blocks(inner, kBlock), [&](int y, size_t start, size_t width) {
    Scratch scratch;
    Source* sources = scratch.take<Source>(s.taps());
    for (int x = 0; x < s.w; ++x) {
      const size_t source = static_cast<size_t>(y) * s.w + x;
      size_t count = 0;
      for_outputs_of(s, source, [&](int, size_t position) {
        sources[count++] = {a.dy + position * inner + start, divisor(s, position, a.count_padding)};
      });
      const auto body = [&](auto lanes, size_t i) {
        const size_t to = source * inner + start + i;
        __m256 sum = a.addend == nullptr ? _mm256_setzero_ps() : lanes.load(a.addend + to);
        for (size_t k = 0; k < count; ++k)
          sum = _mm256_add_ps(
              sum, _mm256_div_ps(lanes.load(sources[k].from + i), _mm256_set1_ps(sources[k].divisor)));
        lanes.store(a.dx + to, sum);
      };
      if (streamed)
        for_vectors<StreamedLanes>(width, body);
      else
        for_vectors(width, body);
    }
    if (streamed) _mm_sfence();
  });
}

}  // namespace bnn::avx2
