#include <algorithm>
#include <cmath>

#include "implementations.h"

namespace bnn::reference {

void unit_distance_reference(const UnitDistance& k) {
  for (size_t row = 0; row < k.rows; ++row) {
    const float* a = k.a + row * k.size;
    const float* b = k.b + row * k.size;
    double squares_a = 0;
    double squares_b = 0;
    for (size_t i = 0; i < k.size; ++i) {
      squares_a += static_cast<double>(a[i]) * a[i];
      squares_b += static_cast<double>(b[i]) * b[i];
    }
    const double norm_a = std::sqrt(squares_a);
    const double norm_b = std::sqrt(squares_b);
    const double length_a = std::max(norm_a, kZeroNorm);
    const double length_b = std::max(norm_b, kZeroNorm);
    double squared = 0;
    double along = 0;
    for (size_t i = 0; i < k.size; ++i) {
      const double u = a[i] / length_a;
      const double d = u - b[i] / length_b;
      squared += d * d;
      along += u * d;
    }
    k.value[row] = static_cast<float>(squared);
    float* statistics = k.statistics + row * 4;
    statistics[0] = static_cast<float>(length_a);
    statistics[1] = static_cast<float>(length_b);
    const bool pulls = norm_a > kZeroNorm;
    statistics[2] = static_cast<float>(pulls ? 2 / length_a : 0);
    statistics[3] = static_cast<float>(pulls ? along / length_a : 0);
  }
}

void unit_distance_backward_reference(const UnitDistanceBackward& k) {
  for (size_t row = 0; row < k.rows; ++row) {
    const float* statistics = k.statistics + row * 4;
    const double factor = static_cast<double>(k.dy[row]) * statistics[2];
    for (size_t i = row * k.size; i < (row + 1) * k.size; ++i) {
      const double d =
          static_cast<double>(k.a[i]) / statistics[0] - static_cast<double>(k.b[i]) / statistics[1];
      k.da[i] = static_cast<float>(factor * (d - k.a[i] * static_cast<double>(statistics[3])));
    }
  }
}

}  // namespace bnn::reference
