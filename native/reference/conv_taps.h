// Which input positions and output positions meet under which tap. Padding is left out.
#pragma once

#include "kernels.h"

namespace bnn {

// body(tap, source) for each tap of output position `position` (row-major) that falls inside the input.
template <class Body>
void for_valid_taps(const ConvShape& s, int64_t position, Body&& body) {
  const int oy = static_cast<int>(position / s.out_w);
  const int ox = static_cast<int>(position % s.out_w);
  for (int ky = 0; ky < s.kernel_h; ++ky) {
    const int y = oy * s.stride_h + ky - s.pad_top;
    if (y < 0 || y >= s.h) continue;
    for (int kx = 0; kx < s.kernel_w; ++kx) {
      const int x = ox * s.stride_w + kx - s.pad_left;
      if (x < 0 || x >= s.w) continue;
      body(ky * s.kernel_w + kx, static_cast<size_t>(y) * s.w + x);
    }
  }
}

// body(tap, position) for each output position that input position `source` contributes to.
template <class Body>
void for_outputs_of(const ConvShape& s, int64_t source, Body&& body) {
  const int y = static_cast<int>(source / s.w);
  const int x = static_cast<int>(source % s.w);
  for (int ky = 0; ky < s.kernel_h; ++ky) {
    const int up = y + s.pad_top - ky;
    if (up < 0 || up % s.stride_h != 0 || up / s.stride_h >= s.out_h) continue;
    for (int kx = 0; kx < s.kernel_w; ++kx) {
      const int left = x + s.pad_left - kx;
      if (left < 0 || left % s.stride_w != 0 || left / s.stride_w >= s.out_w) continue;
      body(ky * s.kernel_w + kx, static_cast<size_t>(up / s.stride_h) * s.out_w + left / s.stride_w);
    }
  }
}

// body(source, position) for each pair that `tap` joins, in the order of the output positions.
template <class Body>
void for_outputs_of_tap(const ConvShape& s, int tap, Body&& body) {
  const int ky = tap / s.kernel_w;
  const int kx = tap % s.kernel_w;
  for (int oy = 0; oy < s.out_h; ++oy) {
    const int y = oy * s.stride_h + ky - s.pad_top;
    if (y < 0 || y >= s.h) continue;
    for (int ox = 0; ox < s.out_w; ++ox) {
      const int x = ox * s.stride_w + kx - s.pad_left;
      if (x < 0 || x >= s.w) continue;
      body(static_cast<size_t>(y) * s.w + x, static_cast<size_t>(oy) * s.out_w + ox);
    }
  }
}

}  // namespace bnn
