#include <cstring>

#include "implementations.h"
#include "parallel.h"
#include "reference/conv_taps.h"

namespace bnn::reference {
namespace {

// The divisor of a window.
int divisor(const ConvShape& s, int64_t position, bool count_padding) {
  if (count_padding) return s.taps();
  int valid = 0;
  for_valid_taps(s, position, [&](int, size_t) { ++valid; });
  return valid;
}

}  // namespace

void average_pool_reference(const AveragePool& a) {
  const ConvShape& s = a.shape;
  const size_t inner = static_cast<size_t>(s.n) * s.c;
  for (int64_t position = 0; position < static_cast<int64_t>(s.out_h) * s.out_w; ++position) {
    const int count = divisor(s, position, a.count_padding);
    for (size_t i = 0; i < inner; ++i) {
      double sum = 0;
      for_valid_taps(s, position, [&](int, size_t source) { sum += a.x[source * inner + i]; });
      a.y[position * inner + i] = static_cast<float>(sum / count);
    }
  }
}

void average_pool_backward_reference(const AveragePoolBackward& a) {
  const ConvShape& s = a.shape;
  const size_t inner = static_cast<size_t>(s.n) * s.c;
  for (int64_t source = 0; source < static_cast<int64_t>(s.h) * s.w; ++source)
    for (size_t i = 0; i < inner; ++i) {
      double sum = a.addend == nullptr ? 0.0 : a.addend[source * inner + i];
      for_outputs_of(s, source, [&](int, size_t position) {
        sum += static_cast<double>(a.dy[position * inner + i]) /
               divisor(s, static_cast<int64_t>(position), a.count_padding);
      });
      a.dx[source * inner + i] = static_cast<float>(sum);
    }
}

void max_pool_reference(const MaxPool& a) {
  const ConvShape& s = a.shape;
  const size_t inner = static_cast<size_t>(s.n) * s.c;
  for (int64_t position = 0; position < static_cast<int64_t>(s.out_h) * s.out_w; ++position)
    for (size_t i = 0; i < inner; ++i) {
      bool first = true;
      float best = 0;
      for_valid_taps(s, position, [&](int, size_t source) {
        const float v = a.x[source * inner + i];
        if (first || v > best) best = v;
        first = false;
      });
      a.y[position * inner + i] = best;
    }
}

void max_pool_backward_reference(const MaxPoolBackward& a) {
  const ConvShape& s = a.shape;
  const size_t inner = static_cast<size_t>(s.n) * s.c;
  std::memset(a.dx, 0, s.input_size() * sizeof(float));
  for (int64_t position = 0; position < static_cast<int64_t>(s.out_h) * s.out_w; ++position)
    for (size_t i = 0; i < inner; ++i) {
      const float best = a.y[position * inner + i];
      bool given = false;
      for_valid_taps(s, position, [&](int, size_t source) {
        if (given || a.x[source * inner + i] != best) return;
        a.dx[source * inner + i] += a.dy[position * inner + i];
        given = true;
      });
    }
}

void position_mean_reference(const PositionMean& a) {
  for (size_t i = 0; i < a.inner; ++i) {
    double sum = 0;
    for (size_t p = 0; p < a.positions; ++p) {
      const float x = a.x[p * a.inner + i];
      sum += a.slope == nullptr || x > 0 ? x : a.slope[i % a.channels] * x;
    }
    a.y[i] = static_cast<float>(sum / a.positions);
  }
}

void position_mean_backward_reference(const PositionMeanBackward& a) {
  for (size_t p = 0; p < a.positions; ++p)
    for (size_t i = 0; i < a.inner; ++i) a.dx[p * a.inner + i] = a.dy[i] / static_cast<float>(a.positions);
}

void swap_outer_reference(const SwapOuter& a) {
  for (size_t outer = 0; outer < a.outer; ++outer)
    for (size_t middle = 0; middle < a.middle; ++middle)
      std::memcpy(a.y + (middle * a.outer + outer) * a.inner, a.x + (outer * a.middle + middle) * a.inner,
                  a.inner * sizeof(float));
}

}  // namespace bnn::reference
