// Convolution of floats with binary weights: the input is scattered to the output positions over each input
// position. From the input's side the filter is mirrored, so its taps are counted from the end.
#include "implementations.h"
#include "kernels/binary_conv/bit_words_avx2.h"
#include "kernels/binary_conv/scatter_avx2.h"
#include "kernels/binary_conv/unpacked_avx2.h"
#include "reference/bits.h"
#include "scratch.h"

namespace bnn::avx2 {

void binary_filter_conv_forward_avx2(const BinaryFilterConvForward& a) {
  const ConvShape& s = a.shape;
  Scratch scratch;
  const Axis rows{s.h, s.out_h, s.kernel_h, 1, s.stride_h, s.kernel_h - 1 - s.pad_top};
  const Axis columns{s.w, s.out_w, s.kernel_w, 1, s.stride_w, s.kernel_w - 1 - s.pad_left};
  Scatter p = plan_scatter(rows, columns, s.n, s.c, s.k);
  if (kSureGain * scatter_cycles(p, tap_pairs(s)) > float_cycles(s, s.c, s.k))
    return float_conv_forward_avx2(FloatConvForward{s, a.x, unpacked_filter(s, a.w, a.scale, scratch), a.y});
  p.source = a.x;
  p.target = a.y;
  set_scales(p, nullptr, a.scale, scratch);
  const size_t row_words = packed_words(s.k);
  const int64_t lists = static_cast<int64_t>(p.chunks) * s.taps();
  uint64_t* words = scratch.take<uint64_t>(lists, p.channels);
  parallel_for(lists, [&](int64_t list) {
    const int first = static_cast<int>(list / s.taps()) * kChunkRows;
    const size_t tap = s.taps() - 1 - list % s.taps();
    const uint32_t* filter = a.w + (tap * s.c + first) * row_words;
    uint64_t* to = words + list * p.channels;
    make_column_words(filter, row_words, p.chunk_rows(first / kChunkRows), s.k, to);
    std::fill(to + s.k, to + p.channels, uint64_t{0});
  });
  p.words = words;
  run_scatter<BinaryFilterConvForward>(p);
}

}  // namespace bnn::avx2
