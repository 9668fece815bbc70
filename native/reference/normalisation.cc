#include <algorithm>
#include <cmath>

#include "implementations.h"
#include "parallel.h"
#include "reference/bits.h"
#include "reference/running_statistics.h"

namespace bnn::reference {

namespace {

float prelu(float x, const float* slope, int64_t c) { return slope == nullptr || x > 0 ? x : slope[c] * x; }

// x · scale + shift + residual of an element.
template <class Args>
float residual_sum(const Args& a, size_t i, int64_t c) {
  const float v = std::fma(a.x[i], a.scale[c], a.shift[c]);
  return a.residual ? v + a.residual[i] : v;
}

}  // namespace

void batch_norm_statistics_reference(const BatchNormStatistics& a) {
  parallel_for(a.channels, [&](int64_t c) {
    const auto value = [&](size_t row) { return prelu(a.x[row * a.channels + c], a.slope, c); };
    double sum = 0;
    for (size_t row = 0; row < a.rows; ++row) sum += value(row);
    const double mean = sum / a.rows;
    double squares = 0;
    for (size_t row = 0; row < a.rows; ++row) {
      const double d = value(row) - mean;
      squares += d * d;
    }
    a.mean[c] = static_cast<float>(mean);
    a.variance[c] = static_cast<float>(squares / a.rows);
  });
  move_running(a);
}

void channel_affine_reference(const ChannelAffine& a) {
  for (size_t row = 0; row < a.rows; ++row)
    for (int c = 0; c < a.channels; ++c) {
      const size_t i = row * a.channels + c;
      a.y[i] = std::fma(a.x[i], a.scale[c], a.shift[c]);
    }
}

void channel_affine_sign_reference(const ChannelAffineSign& a) {
  const size_t words = packed_words(a.channels);
  for (size_t row = 0; row < a.rows; ++row)
    for (size_t word = 0; word < words; ++word) {
      uint32_t sign = 0;
      uint32_t mask = 0;
      for (int bit = 0; bit < 32 && static_cast<int>(word * 32) + bit < a.channels; ++bit) {
        const size_t c = word * 32 + bit;
        const float v = std::fma(prelu(a.x[row * a.channels + c], a.slope, c), a.scale[c], a.shift[c]);
        sign |= static_cast<uint32_t>(v >= 0) << bit;
        mask |= static_cast<uint32_t>(std::fabs(v) <= 1) << bit;
      }
      a.sign[row * words + word] = sign;
      if (a.mask) a.mask[row * words + word] = mask;
    }
}

void channel_affine_clamp_reference(const ChannelAffineClamp& a) {
  const size_t words = packed_words(a.channels);
  for (size_t row = 0; row < a.rows; ++row) {
    if (a.mask) std::fill_n(a.mask + row * words, words, 0u);
    for (int c = 0; c < a.channels; ++c) {
      const size_t i = row * a.channels + c;
      const float v = std::fma(a.x[i], a.scale[c], a.shift[c]);
      a.y[i] = v < -1 ? -1 : v > 1 ? 1 : v;
      if (a.mask && std::fabs(v) <= 1) a.mask[row * words + c / 32] |= 1u << (c % 32);
    }
  }
}

void channel_affine_activation_reference(const ChannelAffineActivation& a) {
  const size_t words = packed_words(a.channels);
  for (size_t row = 0; row < a.rows; ++row) {
    if (a.mask) std::fill_n(a.mask + row * words, words, 0u);
    for (int c = 0; c < a.channels; ++c) {
      const size_t i = row * a.channels + c;
      float v = std::fma(a.x[i], a.scale[c], a.shift[c]);
      if (a.residual) v += a.residual[i];
      const bool inside = a.activation == Activation::kRelu ? v > 0 : std::fabs(v) <= 1;
      const float edge = a.activation == Activation::kRelu ? 0.0f : std::copysign(1.0f, v);
      const float slope = outer_slope(a.activation);
      // 0 times infinity would be NaN. Zeros keep their sign.
      a.y[i] = inside || v == 0 || std::isnan(v) ? v : slope == 0 ? edge : std::fma(slope, v - edge, edge);
      if (a.mask && inside) a.mask[row * words + c / 32] |= 1u << (c % 32);
    }
  }
}

void batch_norm_backward_reference(const BatchNormBackward& a) {
  const size_t words = packed_words(a.channels);
  parallel_for(a.channels, [&](int64_t c) {
    const double mean = a.mean[c];
    const double inverse = a.inverse_deviation[c];
    const auto upstream = [&](size_t row) {
      const bool passes = !a.mask || bit_at(a.mask + row * words, static_cast<int>(c));
      const double dy = a.dy[row * a.channels + c];
      const double own = passes ? dy : a.outer == 0 ? 0.0 : a.outer * dy;
      return a.image_dy == nullptr ? own : own + a.image_dy[row % a.images * a.channels + c];
    };
    const auto normalised = [&](size_t row) {
      return (prelu(a.x[row * a.channels + c], a.slope, c) - mean) * inverse;
    };
    double dbeta = 0;
    double dgamma = 0;
    double dslope = 0;
    for (size_t row = 0; row < a.rows; ++row) {
      dbeta += upstream(row);
      dgamma += upstream(row) * normalised(row);
    }
    for (size_t row = 0; row < a.rows; ++row) {
      const size_t i = row * a.channels + c;
      const double own = upstream(row);
      if (a.upstream) a.upstream[i] = static_cast<float>(own);
      double dx = a.gamma[c] * inverse * (own - dbeta / a.rows - normalised(row) * dgamma / a.rows);
      if (a.addend) dx += a.addend[i];
      if (a.slope && !(a.x[i] > 0)) {
        dslope += dx * a.x[i];
        dx *= a.slope[c];
      }
      a.dx[i] = static_cast<float>(dx);
    }
    a.dgamma[c] = static_cast<float>(dgamma);
    a.dbeta[c] = static_cast<float>(dbeta);
    if (a.slope) a.dslope[c] = static_cast<float>(dslope);
  });
}

void masked_gradient_reference(const MaskedGradient& a) {
  const size_t words = packed_words(a.channels);
  parallel_for(a.channels, [&](int64_t c) {
    double sum = 0;
    for (size_t row = 0; row < a.rows; ++row) {
      const size_t i = row * a.channels + c;
      const float dx = bit_at(a.mask + row * words, static_cast<int>(c)) ? a.dy[i] : 0.0f;
      sum += dx;
      a.dx[i] = a.addend ? dx + a.addend[i] : dx;
    }
    a.sum[c] = static_cast<float>(sum);
  });
}

void channel_scale_backward_reference(const ChannelScaleBackward& a) {
  parallel_for(a.channels, [&](int64_t c) {
    double sum = 0;
    for (size_t row = 0; row < a.rows; ++row) {
      const size_t i = row * a.channels + c;
      const float dy = a.dy[i];
      sum += static_cast<double>(dy) * a.x[i];
      a.dx[i] = dy * a.scale[c];
    }
    a.dscale[c] = static_cast<float>(sum);
  });
}

void channel_affine_residual_reference(const ChannelAffineResidual& a) {
  for (size_t row = 0; row < a.rows; ++row)
    for (int c = 0; c < a.channels; ++c) {
      const size_t i = row * a.channels + c;
      const float v = residual_sum(a, i, c);
      a.y[i] = a.slope ? prelu(v + a.before[c], a.slope, c) + a.after[c] : v;
    }
}

void batch_norm_residual_backward_reference(const BatchNormResidualBackward& a) {
  parallel_for(a.channels, [&](int64_t c) {
    const double mean = a.mean[c];
    const double inverse = a.inverse_deviation[c];
    double dbeta = 0;
    double dgamma = 0;
    double dslope = 0;
    double dafter = 0;
    for (size_t row = 0; row < a.rows; ++row) {
      const size_t i = row * a.channels + c;
      const float dy = a.dy[i];
      const float u = residual_sum(a, i, c) + a.before[c];
      const float upstream = u > 0 ? dy : a.slope[c] * dy;
      a.upstream[i] = upstream;
      dafter += dy;
      if (!(u > 0)) dslope += static_cast<double>(dy) * u;
      dbeta += upstream;
      dgamma += upstream * (a.x[i] - mean) * inverse;
    }
    for (size_t row = 0; row < a.rows; ++row) {
      const size_t i = row * a.channels + c;
      const double corrections = dbeta / a.rows + (a.x[i] - mean) * inverse * dgamma / a.rows;
      a.dx[i] = static_cast<float>(a.gamma[c] * inverse * (a.upstream[i] - corrections));
    }
    a.dgamma[c] = static_cast<float>(dgamma);
    a.dbeta[c] = static_cast<float>(dbeta);
    a.dslope[c] = static_cast<float>(dslope);
    a.dafter[c] = static_cast<float>(dafter);
  });
}

void shifted_prelu_backward_reference(const ShiftedPreluBackward& a) {
  parallel_for(a.channels, [&](int64_t c) {
    double before = 0;
    double slope = 0;
    double after = 0;
    for (size_t row = 0; row < a.rows; ++row) {
      const size_t i = row * a.channels + c;
      const float dy = a.dy[i];
      const float v = a.x[i] + a.before[c];
      const float dx = v > 0 ? dy : a.slope[c] * dy;
      after += dy;
      before += dx;
      if (!(v > 0)) slope += static_cast<double>(dy) * v;
      a.dx[i] = dx;
    }
    a.dbefore[c] = static_cast<float>(before);
    a.dslope[c] = static_cast<float>(slope);
    a.dafter[c] = static_cast<float>(after);
  });
}

void add_prelu_reference(const AddPrelu& a) {
  for (size_t row = 0; row < a.rows; ++row)
    for (int c = 0; c < a.channels; ++c) {
      const size_t i = row * a.channels + c;
      const float v = a.residual ? a.x[i] + a.residual[i] : a.x[i];
      a.y[i] = v > 0 ? v : a.slope[c] * v;
    }
}

void prelu_backward_reference(const PreluBackward& a) {
  parallel_for(a.channels, [&](int64_t c) {
    double dslope = 0;
    for (size_t row = 0; row < a.rows; ++row) {
      const size_t i = row * a.channels + c;
      const float v = a.residual ? a.x[i] + a.residual[i] : a.x[i];
      const float dy = a.dy[i];
      if (!(v > 0)) dslope += static_cast<double>(dy) * v;
      a.dv[i] = v > 0 ? dy : a.slope[c] * dy;
    }
    a.dslope[c] = static_cast<float>(dslope);
  });
}

void pack_signs_reference(const PackSigns& a) {
  const size_t words = packed_words(a.channels);
  for (size_t row = 0; row < a.rows; ++row)
    for (size_t word = 0; word < words; ++word) {
      uint32_t sign = 0;
      uint32_t mask = 0;
      for (int bit = 0; bit < 32 && static_cast<int>(word * 32) + bit < a.channels; ++bit) {
        const float v = a.x[row * a.channels + word * 32 + bit];
        sign |= static_cast<uint32_t>(v >= 0) << bit;
        mask |= static_cast<uint32_t>(std::fabs(v) <= 1) << bit;
      }
      a.sign[row * words + word] = sign;
      if (a.mask) a.mask[row * words + word] = mask;
    }
}

void unpack_signs_reference(const UnpackSigns& a) {
  const size_t words = packed_words(a.channels);
  for (size_t row = 0; row < a.rows; ++row)
    for (int c = 0; c < a.channels; ++c)
      a.y[row * a.channels + c] = static_cast<float>(sign_at(a.sign + row * words, c));
}

void mean_magnitude_reference(const MeanMagnitude& a) {
  for (int k = 0; k < a.channels; ++k) {
    double sum = 0;
    for (size_t row = 0; row < a.rows; ++row) sum += std::fabs(a.w[row * a.channels + k]);
    a.scale[k] = static_cast<float>(sum / a.rows);
  }
}

}  // namespace bnn::reference
