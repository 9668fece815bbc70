#pragma once

#include <cstddef>
#include <cstdint>

namespace bnn {

// The geometry of a convolution with zero padding. Input [h, w, n, c], filter [kernel_h * kernel_w, c, k],
// output [out_h, out_w, n, k].
struct ConvShape {
  int h, w, n, c, k;
  int kernel_h, kernel_w, stride_h, stride_w, pad_top, pad_left;
  int out_h, out_w;

  int taps() const { return kernel_h * kernel_w; }
  size_t input_size() const { return static_cast<size_t>(h) * w * n * c; }
  size_t filter_size() const { return static_cast<size_t>(kernel_h) * kernel_w * c * k; }
  size_t output_size() const { return static_cast<size_t>(out_h) * out_w * n * k; }
};

}  // namespace bnn
