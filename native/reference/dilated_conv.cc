#include <vector>

#include "implementations.h"

namespace bnn::reference {
namespace {

// body(tap, source position, position) for each tap that joins two positions of the map.
template <class Args, class Body>
void for_taps(const Args& a, const Body& body) {
  const int middle = (a.window - 1) / 2;
  for (int y = 0; y < a.height; ++y)
    for (int x = 0; x < a.width; ++x)
      for (int tap = 0; tap < a.window * a.window; ++tap) {
        const int from_y = y + a.dilation * (tap / a.window - middle);
        const int from_x = x + a.dilation * (tap % a.window - middle);
        if (from_y < 0 || from_y >= a.height || from_x < 0 || from_x >= a.width) continue;
        body(static_cast<size_t>(tap), static_cast<size_t>(from_y) * a.width + from_x,
             static_cast<size_t>(y) * a.width + x);
      }
}

}  // namespace

void dilated_conv_reference(const DilatedConv& a) {
  const size_t images = a.images, inputs = a.inputs, outputs = a.outputs;
  const size_t size = static_cast<size_t>(a.height) * a.width * images * outputs;
  std::vector<double> sums(size);
  for_taps(a, [&](size_t tap, size_t source, size_t position) {
    for (size_t n = 0; n < images; ++n)
      for (size_t k = 0; k < outputs; ++k)
        for (size_t c = 0; c < inputs; ++c) {
          const size_t weight = a.transposed ? ((a.taps() - 1 - tap) * outputs + k) * inputs + c
                                             : (tap * inputs + c) * outputs + k;
          sums[(position * images + n) * outputs + k] +=
              static_cast<double>(a.x[(source * images + n) * inputs + c]) * a.filter[weight];
        }
  });
  for (size_t i = 0; i < size; ++i) a.y[i] = static_cast<float>(sums[i]);
}

void dilated_conv_backward_filter_reference(const DilatedConvBackwardFilter& a) {
  const size_t images = a.images, inputs = a.inputs, outputs = a.outputs;
  const size_t size = a.taps() * inputs * outputs;
  std::vector<double> sums(size);
  for_taps(a, [&](size_t tap, size_t source, size_t position) {
    for (size_t n = 0; n < images; ++n)
      for (size_t c = 0; c < inputs; ++c)
        for (size_t k = 0; k < outputs; ++k)
          sums[(tap * inputs + c) * outputs + k] +=
              static_cast<double>(a.x[(source * images + n) * inputs + c]) *
              a.dy[(position * images + n) * outputs + k];
  });
  for (size_t i = 0; i < size; ++i) a.dfilter[i] = static_cast<float>(sums[i]);
}

}  // namespace bnn::reference
