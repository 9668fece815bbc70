// Gradient of a binary convolution to its input: the scaled dy is scattered to the input positions under each
// output position.
#include "implementations.h"
#include "kernels/binary_conv/bit_words_avx2.h"
#include "kernels/binary_conv/scatter_avx2.h"
#include "kernels/binary_conv/unpacked_avx2.h"
#include "reference/bits.h"
#include "scratch.h"

namespace bnn::avx2 {

void binary_conv_backward_input_avx2(const BinaryConvBackwardInput& a) {
  const ConvShape& s = a.shape;
  Scratch scratch;
  const Axis rows{s.out_h, s.h, s.kernel_h, s.stride_h, 1, s.pad_top};
  const Axis columns{s.out_w, s.w, s.kernel_w, s.stride_w, 1, s.pad_left};
  Scatter p = plan_scatter(rows, columns, s.n, s.k, s.c);
  if (kSureGain * scatter_cycles(p, tap_pairs(s)) > float_cycles(s, s.k, s.c))
    return float_conv_backward_input_avx2(FloatConvBackwardInput{
        s, gated_gradient(s, a.dy, a.gate, scratch), unpacked_filter(s, a.w, a.scale, scratch), a.dx});
  p.source = a.dy;
  p.input_gate = a.gate;
  p.target = a.dx;
  set_scales(p, a.scale, nullptr, scratch);
  const size_t row_words = packed_words(s.k);
  const int64_t lists = static_cast<int64_t>(p.chunks) * s.taps();
  uint64_t* words = scratch.take<uint64_t>(lists, p.channels);
  parallel_for(lists, [&](int64_t list) {
    const int first = static_cast<int>(list / s.taps()) * kChunkRows;
    const uint32_t* filter = a.w + list % s.taps() * s.c * row_words;
    for (int c = 0; c < p.channels; ++c)
      words[list * p.channels + c] =
          c < s.c ? sign_word(bits_from(filter + c * row_words, row_words, first)) : 0;
  });
  p.words = words;
  run_scatter<BinaryConvBackwardInput>(p);
}

}  // namespace bnn::avx2
