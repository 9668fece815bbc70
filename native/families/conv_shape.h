#pragma once

#include <cstddef>
#include <cstdint>

#include "families/dims.h"

namespace bnn {

// The geometry of a convolution with zero padding. Input [h, w, n, c], filter [kernel_h * kernel_w, c /
// groups, k], output [out_h, out_w, n, k] with
//   out_h = ⌊(h + pad_top + pad_bottom − kernel_h) / stride_h⌋ + 1, at least 0, and out_w likewise.
// The channels of input and output fall into `groups` equal parts in order, and an output channel sees the
// input channels of its own part alone.
struct ConvShape {
  int h, w, n, c, k;
  int kernel_h, kernel_w, stride_h, stride_w;
  int pad_top, pad_bottom, pad_left, pad_right;
  int out_h, out_w;
  int groups = 1;

  static constexpr int64_t kMostTaps = int64_t{1} << 20;
  static constexpr int64_t kMostPadded = 0x7fffffff;

  int taps() const { return kernel_h * kernel_w; }
  int group_inputs() const { return c / groups; }
  int group_outputs() const { return k / groups; }
  size_t filter_rows() const { return static_cast<size_t>(taps()) * group_inputs(); }
  size_t input_size() const { return static_cast<size_t>(h) * w * n * c; }
  size_t filter_size() const { return filter_rows() * k; }
  size_t output_size() const { return static_cast<size_t>(out_h) * out_w * n * k; }

  // The same as lengths of arrays.
  Dims input() const { return {h, w, n, c}; }
  Dims filter() const { return {kernel_h, kernel_w, part_of(c, groups), k}; }
  Dims output() const { return {out_h, out_w, n, k}; }
  Dims pooled() const { return {out_h, out_w, n, c}; }
  Dims packed_input() const { return {h, w, n, packed(c)}; }
  Dims packed_filter() const { return {kernel_h, kernel_w, part_of(c, groups), packed(k)}; }

  template <class Fields>
  void fields(Fields& f) {
    f.positive("h", h);
    f.positive("w", w);
    f.positive("n", n);
    f.positive("c", c);
    f.positive("k", k);
    f.positive("kernelH", kernel_h);
    f.positive("kernelW", kernel_w);
    f.positive("strideH", stride_h);
    f.positive("strideW", stride_w);
    f.size("padTop", pad_top);
    f.size("padBottom", pad_bottom);
    f.size("padLeft", pad_left);
    f.size("padRight", pad_right);
    f.size("outH", out_h);
    f.size("outW", out_w);
    f.positive("groups", groups);
    const int64_t padded_h = int64_t{h} + pad_top + pad_bottom;
    const int64_t padded_w = int64_t{w} + pad_left + pad_right;
    f.require("kernelH", int64_t{kernel_h} * kernel_w <= kMostTaps, "of a window of at most 2^20 positions");
    f.require("h", padded_h <= kMostPadded, "below 2^31 with its padding");
    f.require("w", padded_w <= kMostPadded, "below 2^31 with its padding");
    f.require("outH", out_h == windows(padded_h, kernel_h, stride_h), "the number of windows along h");
    f.require("outW", out_w == windows(padded_w, kernel_w, stride_w), "the number of windows along w");
    f.require("groups", c % groups == 0 && k % groups == 0, "a divisor of c and k");
  }

 private:
  static int64_t windows(int64_t padded, int kernel, int stride) {
    return padded < kernel ? 0 : (padded - kernel) / stride + 1;
  }
};

}  // namespace bnn
