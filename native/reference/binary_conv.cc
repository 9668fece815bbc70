#include <cmath>

#include "implementations.h"
#include "parallel.h"
#include "reference/bits.h"
#include "reference/conv_taps.h"
#include "scratch.h"

namespace bnn::reference {
namespace {

// The factor of output channel k of an image.
double factor_of(const float* scale, const float* gate, const ConvShape& s, int image, int k) {
  return gate == nullptr ? scale[k]
                         : static_cast<double>(scale[k]) * gate[static_cast<size_t>(image) * s.k + k];
}

float prelu(float v, const float* slope, int k) { return slope == nullptr || v > 0 ? v : slope[k] * v; }

// Σ x · w at one output position.
int sum_of_signs(const ConvShape& s, const uint32_t* x, const uint32_t* w, int64_t position, int image,
                 int k) {
  const size_t xw = packed_words(s.c);
  const size_t ww = packed_words(s.k);
  int sum = 0;
  for_valid_taps(s, position, [&](int tap, size_t source) {
    const uint32_t* row = x + (source * s.n + image) * xw;
    for (int c = 0; c < s.c; ++c)
      sum += sign_at(row, c) * sign_at(w + (static_cast<size_t>(tap) * s.c + c) * ww, k);
  });
  return sum;
}

}  // namespace

void binary_conv_forward_reference(const BinaryConvForward& a) {
  const ConvShape& s = a.shape;
  const OutputTransform& t = a.transform;
  parallel_for(static_cast<int64_t>(s.out_h) * s.out_w, [&](int64_t position) {
    for (int image = 0; image < s.n; ++image)
      for (int k = 0; k < s.k; ++k) {
        const float sum = static_cast<float>(sum_of_signs(s, a.x, a.w, position, image, k));
        const float factor = static_cast<float>(factor_of(t.scale, t.gate, s, image, k));
        const size_t i = (position * s.n + image) * s.k + k;
        const float added = t.residual == nullptr ? 0 : prelu(t.residual[i], t.residual_slope, k);
        // Without a PReLU between them the product and the sum are rounded once.
        if (t.sum_slope == nullptr && t.residual != nullptr)
          a.y[i] = std::fma(factor, sum, added);
        else if (t.sum_slope == nullptr)
          a.y[i] = factor * sum;
        else
          a.y[i] = prelu(factor * sum, t.sum_slope, k) + added;
      }
  });
}

void binary_conv_gate_gradient_reference(const BinaryConvGateGradient& a) {
  const ConvShape& s = a.shape;
  const OutputTransform& t = a.transform;
  parallel_for(s.k, [&](int64_t channel) {
    const int k = static_cast<int>(channel);
    double dslope = 0;
    for (int image = 0; image < s.n; ++image) {
      const double factor = factor_of(t.scale, t.gate, s, image, k);
      double total = 0;
      for (int64_t position = 0; position < static_cast<int64_t>(s.out_h) * s.out_w; ++position) {
        const size_t i = (position * s.n + image) * s.k + k;
        const int sum = sum_of_signs(s, a.x, a.w, position, image, k);
        const bool is_sloped = t.sum_slope != nullptr && !(static_cast<float>(factor) * sum > 0);
        const double dz = is_sloped ? static_cast<double>(t.sum_slope[k]) * a.dy[i] : a.dy[i];
        if (a.dz != nullptr) a.dz[i] = static_cast<float>(dz);
        if (is_sloped) dslope += a.dy[i] * factor * sum;
        total += dz * sum;
      }
      a.dgate[static_cast<size_t>(image) * s.k + k] = static_cast<float>(total * t.scale[k]);
    }
    if (a.dslope != nullptr) a.dslope[k] = static_cast<float>(dslope);
  });
}

void binary_conv_backward_input_reference(const BinaryConvBackwardInput& a) {
  const ConvShape& s = a.shape;
  const size_t ww = packed_words(s.k);
  parallel_for(static_cast<int64_t>(s.h) * s.w, [&](int64_t source) {
    for (int image = 0; image < s.n; ++image)
      for (int c = 0; c < s.c; ++c) {
        double sum = 0;
        for_outputs_of(s, source, [&](int tap, size_t position) {
          const uint32_t* w = a.w + (static_cast<size_t>(tap) * s.c + c) * ww;
          const float* dy = a.dy + (position * s.n + image) * s.k;
          for (int k = 0; k < s.k; ++k)
            sum += sign_at(w, k) * factor_of(a.scale, a.gate, s, image, k) * dy[k];
        });
        a.dx[(source * s.n + image) * s.c + c] = static_cast<float>(sum);
      }
  });
}

void binary_conv_backward_filter_reference(const BinaryConvBackwardFilter& a) {
  const ConvShape& s = a.shape;
  const size_t xw = packed_words(s.c);
  parallel_for(static_cast<int64_t>(s.taps()) * s.c, [&](int64_t row) {
    const int tap = static_cast<int>(row / s.c);
    const int c = static_cast<int>(row % s.c);
    Scratch scratch;
    double* sums = scratch.take<double>(s.k);
    for (int k = 0; k < s.k; ++k) sums[k] = 0;
    for_outputs_of_tap(s, tap, [&](size_t source, size_t position) {
      for (int image = 0; image < s.n; ++image) {
        const int sign = sign_at(a.x + (source * s.n + image) * xw, c);
        const float* dy = a.dy + (position * s.n + image) * s.k;
        const float* gate = a.gate == nullptr ? nullptr : a.gate + static_cast<size_t>(image) * s.k;
        for (int k = 0; k < s.k; ++k)
          sums[k] += sign * static_cast<double>(dy[k]) * (gate == nullptr ? 1 : gate[k]);
      }
    });
    for (int k = 0; k < s.k; ++k) {
      const size_t i = row * s.k + k;
      if (a.latent == nullptr)
        a.dw[i] = static_cast<float>(sums[k]);
      else
        a.dw[i] = std::fabs(a.latent[i]) <= 1.0f ? static_cast<float>(sums[k] * a.scale[k]) : 0.0f;
    }
  });
}

void binary_input_conv_forward_reference(const BinaryInputConvForward& a) {
  const ConvShape& s = a.shape;
  const size_t xw = packed_words(s.c);
  parallel_for(static_cast<int64_t>(s.out_h) * s.out_w, [&](int64_t position) {
    for (int image = 0; image < s.n; ++image)
      for (int k = 0; k < s.k; ++k) {
        double sum = 0;
        for_valid_taps(s, position, [&](int tap, size_t source) {
          const uint32_t* x = a.x + (source * s.n + image) * xw;
          for (int c = 0; c < s.c; ++c)
            sum += sign_at(x, c) * static_cast<double>(a.w[(static_cast<size_t>(tap) * s.c + c) * s.k + k]);
        });
        a.y[(position * s.n + image) * s.k + k] = static_cast<float>(sum);
      }
  });
}

void binary_filter_conv_forward_reference(const BinaryFilterConvForward& a) {
  const ConvShape& s = a.shape;
  const size_t ww = packed_words(s.k);
  parallel_for(static_cast<int64_t>(s.out_h) * s.out_w, [&](int64_t position) {
    for (int image = 0; image < s.n; ++image)
      for (int k = 0; k < s.k; ++k) {
        double sum = 0;
        for_valid_taps(s, position, [&](int tap, size_t source) {
          const float* x = a.x + (source * s.n + image) * s.c;
          for (int c = 0; c < s.c; ++c)
            sum += static_cast<double>(x[c]) * sign_at(a.w + (static_cast<size_t>(tap) * s.c + c) * ww, k);
        });
        a.y[(position * s.n + image) * s.k + k] = static_cast<float>(sum * a.scale[k]);
      }
  });
}

void straight_through_filter_reference(const StraightThroughFilter& a) {
  for (size_t row = 0; row < a.rows; ++row)
    for (int k = 0; k < a.channels; ++k) {
      const size_t i = row * a.channels + k;
      a.dw[i] = std::fabs(a.latent[i]) <= 1.0f ? a.scale[k] * a.dw[i] : 0.0f;
    }
}

}  // namespace bnn::reference
