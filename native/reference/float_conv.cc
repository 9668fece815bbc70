#include "implementations.h"
#include "parallel.h"
#include "reference/conv_taps.h"
#include "scratch.h"

namespace bnn::reference {

void float_conv_forward_reference(const FloatConvForward& a) {
  const ConvShape& s = a.shape;
  parallel_for(static_cast<int64_t>(s.out_h) * s.out_w, [&](int64_t position) {
    for (int image = 0; image < s.n; ++image)
      for (int k = 0; k < s.k; ++k) {
        double sum = 0;
        for_valid_taps(s, position, [&](int tap, size_t source) {
          for (int c = 0; c < s.c; ++c)
            sum += static_cast<double>(a.x[(source * s.n + image) * s.c + c]) *
                   a.w[(static_cast<size_t>(tap) * s.c + c) * s.k + k];
        });
        a.y[(position * s.n + image) * s.k + k] = static_cast<float>(sum);
      }
  });
}

void float_conv_backward_input_reference(const FloatConvBackwardInput& a) {
  const ConvShape& s = a.shape;
  parallel_for(static_cast<int64_t>(s.h) * s.w, [&](int64_t source) {
    for (int image = 0; image < s.n; ++image)
      for (int c = 0; c < s.c; ++c) {
        double sum = 0;
        for_outputs_of(s, source, [&](int tap, size_t position) {
          for (int k = 0; k < s.k; ++k)
            sum += static_cast<double>(a.dy[(position * s.n + image) * s.k + k]) *
                   a.w[(static_cast<size_t>(tap) * s.c + c) * s.k + k];
        });
        a.dx[(source * s.n + image) * s.c + c] = static_cast<float>(sum);
      }
  });
}

void float_conv_backward_filter_reference(const FloatConvBackwardFilter& a) {
  const ConvShape& s = a.shape;
  parallel_for(static_cast<int64_t>(s.taps()) * s.c, [&](int64_t row) {
    const int tap = static_cast<int>(row / s.c);
    const int c = static_cast<int>(row % s.c);
    Scratch scratch;
    double* sums = scratch.take<double>(s.k);
    for (int k = 0; k < s.k; ++k) sums[k] = 0;
    for_outputs_of_tap(s, tap, [&](size_t source, size_t position) {
      for (int image = 0; image < s.n; ++image) {
        const double value = a.x[(source * s.n + image) * s.c + c];
        const float* dy = a.dy + (position * s.n + image) * s.k;
        for (int k = 0; k < s.k; ++k) sums[k] += value * dy[k];
      }
    });
    for (int k = 0; k < s.k; ++k) a.dw[row * s.k + k] = static_cast<float>(sums[k]);
  });
}

void mat_mul_reference(const MatMul& a) {
  parallel_for(static_cast<int64_t>(a.batch) * a.m, [&](int64_t row) {
    const int64_t b = row / a.m;
    const int64_t i = row % a.m;
    const float* left = a.a + b * a.a_stride();
    const float* right = a.b + b * a.b_stride();
    for (int j = 0; j < a.n; ++j) {
      double sum = 0;
      for (int k = 0; k < a.k; ++k)
        sum +=
            static_cast<double>(a.transpose_a ? left[static_cast<size_t>(k) * a.m + i] : left[i * a.k + k]) *
            (a.transpose_b ? right[static_cast<size_t>(j) * a.k + k]
                           : right[static_cast<size_t>(k) * a.n + j]);
      a.c[row * a.n + j] = static_cast<float>(sum);
    }
  });
}

}  // namespace bnn::reference
