#pragma once

#include <cstddef>
#include <cstdint>

namespace bnn {

// The geometry of a convolution with zero padding. Input [h, w, n, c], filter [kernel_h * kernel_w, c /
// groups, k], output [out_h, out_w, n, k]. The channels of input and output fall into `groups` equal parts in
// order, and an output channel sees the input channels of its own part alone.
struct ConvShape {
  int h, w, n, c, k;
  int kernel_h, kernel_w, stride_h, stride_w, pad_top, pad_left;
  int out_h, out_w;
  int groups = 1;

  int taps() const { return kernel_h * kernel_w; }
  int group_inputs() const { return c / groups; }
  int group_outputs() const { return k / groups; }
  size_t filter_rows() const { return static_cast<size_t>(taps()) * group_inputs(); }
  size_t input_size() const { return static_cast<size_t>(h) * w * n * c; }
  size_t filter_size() const { return filter_rows() * k; }
  size_t output_size() const { return static_cast<size_t>(out_h) * out_w * n * k; }
};

}  // namespace bnn
