#include <cstring>

#include "implementations.h"
#include "kernels/pooling/blocks_avx2.h"
#include "reference/conv_taps.h"
#include "scratch.h"

namespace bnn::avx2 {
namespace {

constexpr size_t kBlock = 4096;

// Overlapping windows add to the same elements of dx, so one task takes a block of channels at every
// position.
constexpr size_t kMostBlocks = 16;

size_t backward_block(size_t inner) {
  const size_t width = (inner + kMostBlocks - 1) / kMostBlocks;
  return std::max((width + 63) / 64 * 64, size_t{64});
}

}  // namespace

void max_pool_avx2(const MaxPool& a) {
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
      for_vectors(width, [&](auto lanes, size_t i) {
        __m256 best = count == 0 ? _mm256_setzero_ps() : lanes.load(sources[0] + i);
        for (size_t tap = 1; tap < count; ++tap) best = _mm256_max_ps(lanes.load(sources[tap] + i), best);
        lanes.store(a.y + position * inner + start + i, best);
      });
    }
  });
}

void max_pool_backward_avx2(const MaxPoolBackward& a) {
  const ConvShape& s = a.shape;
  const size_t inner = inner_size(s);
  const Blocks blocks(inner, backward_block(inner));
  parallel_for(static_cast<int64_t>(blocks.count), [&](int64_t block) {
    const size_t start = blocks.start(block);
    const size_t width = blocks.width_of(block);
    Scratch scratch;
    size_t* sources = scratch.take<size_t>(s.taps());
    // A row of dx is cleared just before the first window reaches it, while it is about to be in the cache
    // anyway.
    int cleared = 0;
    const auto clear_rows = [&](int end) {
      for (; cleared < end; ++cleared)
        for (int x = 0; x < s.w; ++x)
          std::memset(a.dx + (static_cast<size_t>(cleared) * s.w + x) * inner + start, 0,
                      width * sizeof(float));
    };
    for (int oy = 0; oy < s.out_h; ++oy) {
      clear_rows(std::min(s.h, oy * s.stride_h - s.pad_top + s.kernel_h));
      for (int ox = 0; ox < s.out_w; ++ox) {
        const size_t position = static_cast<size_t>(oy) * s.out_w + ox;
        size_t count = 0;
        for_valid_taps(s, position, [&](int, size_t source) { sources[count++] = source * inner + start; });
        for_vectors(width, [&](auto lanes, size_t i) {
          const __m256 best = lanes.load(a.y + position * inner + start + i);
          __m256 left = lanes.load(a.dy + position * inner + start + i);
          for (size_t tap = 0; tap < count; ++tap) {
            const size_t offset = sources[tap] + i;
            const __m256 here = _mm256_cmp_ps(lanes.load(a.x + offset), best, _CMP_EQ_OQ);
            lanes.store(a.dx + offset, _mm256_add_ps(lanes.load(a.dx + offset), _mm256_and_ps(left, here)));
            left = _mm256_andnot_ps(here, left);
          }
        });
      }
    }
    clear_rows(s.h);
  });
}

}  // namespace bnn::avx2
