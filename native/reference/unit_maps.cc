#include <cmath>

#include "implementations.h"

namespace bnn::reference {

void unit_maps_reference(const UnitMaps& a) {
  const size_t size = a.pixels * a.channels;
  for (size_t sample = 0; sample < a.samples; ++sample) {
    const float* x = a.x + sample * size;
    double squares = 0;
    for (size_t i = 0; i < size; ++i) squares += static_cast<double>(x[i]) * x[i];
    const float factor = squares == 0 ? 0 : static_cast<float>(std::sqrt(size / squares));
    float* y = a.y + sample * size;
    for (size_t pixel = 0; pixel < a.pixels; ++pixel)
      for (size_t channel = 0; channel < a.channels; ++channel)
        *y++ = factor * (a.channels_first ? x[channel * a.pixels + pixel] : x[pixel * a.channels + channel]);
  }
}

}  // namespace bnn::reference
