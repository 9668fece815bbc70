#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "implementations.h"

namespace bnn::reference {
namespace {

constexpr float kLeast = -std::numeric_limits<float>::infinity();

double logistic(double z) { return 1 / (1 + std::exp(-z)); }

// The factor, and its derivative with respect to p · c.
struct Factor {
  double value, slope;
};

Factor factor_of(FactorForm form, float of_position, float of_channel) {
  const double product = static_cast<double>(of_position) * of_channel;
  if (form == FactorForm::kProduct) return {product, 1};
  const double s = logistic(product);
  return {1 + s, s * (1 - s)};
}

// v for element i of x.
template <class Args>
float value_of(const Args& a, size_t i) {
  const size_t c = i % a.channels;
  return a.scale == nullptr ? a.x[i] : std::fma(a.x[i], a.scale[c], a.shift[c]);
}

// The gradients of a function of BatchNorm(x), or of x itself, from its gradient dv(position, element of the
// position).
template <class Args, class Gradient>
void backpropagate(const Args& a, const Gradient& dv) {
  const size_t channels = a.channels, inner = a.images * channels, rows = a.positions * a.images;
  std::vector<double> dbeta(channels), dgamma(channels);
  const auto centred = [&](size_t p, size_t i) {
    const size_t c = i % channels;
    return (static_cast<double>(a.x[p * inner + i]) - a.mu[c]) * a.inverse_deviation[c];
  };
  if (a.gamma != nullptr) {
    for (size_t p = 0; p < a.positions; ++p)
      for (size_t i = 0; i < inner; ++i) {
        dbeta[i % channels] += dv(p, i);
        dgamma[i % channels] += dv(p, i) * centred(p, i);
      }
    std::copy(dbeta.begin(), dbeta.end(), a.dbeta);
    std::copy(dgamma.begin(), dgamma.end(), a.dgamma);
  }
  for (size_t p = 0; p < a.positions; ++p)
    for (size_t i = 0; i < inner; ++i) {
      const size_t c = i % channels;
      const double own = dv(p, i);
      a.dx[p * inner + i] =
          static_cast<float>(a.gamma == nullptr ? own
                                                : static_cast<double>(a.gamma[c]) * a.inverse_deviation[c] *
                                                      (own - (dbeta[c] + centred(p, i) * dgamma[c]) / rows));
    }
}

// The gate of one image and channel, and what it is made of, with the names of the formula.
struct Decorated {
  double u, v, outer;
};

Decorated decorated(const float* w, const float* b, size_t channels, double average, double greatest,
                    double share) {
  const double u = std::tanh(w[0] * average * share + b[0]);
  const double v = std::tanh(w[channels] * greatest * share + b[channels]);
  return {u, v, std::tanh(w[2 * channels] * v * u + b[2 * channels])};
}

std::vector<double> softmax(const float* row, size_t channels) {
  std::vector<double> shares(row, row + channels);
  const double largest = *std::max_element(shares.begin(), shares.end());
  double sum = 0;
  for (double& share : shares) sum += share = std::exp(share - largest);
  for (double& share : shares) share /= sum;
  return shares;
}

}  // namespace

void map_pools_reference(const MapPools& a) {
  const size_t channels = a.channels, inner = a.images * channels;
  const auto value = [&](size_t p, size_t i) { return value_of(a, p * inner + i); };
  for (size_t i = 0; i < inner; ++i) {
    double sum = 0;
    float best = kLeast;
    size_t place = 0;
    for (size_t p = 0; p < a.positions; ++p) {
      sum += a.x[p * inner + i];
      if (value(p, i) > best) best = value(place = p, i);
    }
    a.mean[i] = static_cast<float>(sum / a.positions);
    a.greatest[i] = a.x[place * inner + i];
    a.place[i] = static_cast<float>(place);
  }
  if (a.of_channels == nullptr) return;
  for (size_t row = 0; row < a.positions * a.images; ++row) {
    const size_t first = row % a.images * channels;
    double sum = 0;
    float best = kLeast;
    size_t channel = 0;
    for (size_t c = 0; c < channels; ++c) {
      const float v = value(row / a.images, first + c);
      sum += v;
      if (v > best) {
        best = v;
        channel = c;
      }
    }
    a.of_channels[2 * row] = best;
    a.of_channels[2 * row + 1] = static_cast<float>(sum / channels);
    a.channel[row] = static_cast<float>(channel);
  }
}

void map_pools_backward_reference(const MapPoolsBackward& a) {
  const size_t channels = a.channels;
  backpropagate(a, [&](size_t p, size_t i) {
    double sum = static_cast<double>(a.dmean[i]) / a.positions;
    if (a.place[i] == static_cast<float>(p)) sum += a.dgreatest[i];
    if (a.d_of_channels == nullptr) return sum;
    const size_t row = p * a.images + i / channels;
    sum += static_cast<double>(a.d_of_channels[2 * row + 1]) / channels;
    if (a.channel[row] == static_cast<float>(i % channels)) sum += a.d_of_channels[2 * row];
    return sum;
  });
}

void map_projection_reference(const MapProjection& a) {
  const size_t channels = a.channels, outputs = a.outputs, inner = a.images * channels;
  for (size_t i = 0; i < inner; ++i) {
    double sum = 0;
    for (size_t p = 0; p < a.positions; ++p) sum += a.x[p * inner + i];
    a.mean[i] = static_cast<float>(sum / a.positions);
  }
  for (size_t row = 0; row < a.positions * a.images; ++row)
    for (size_t k = 0; k < outputs; ++k) {
      double sum = 0;
      for (size_t c = 0; c < channels; ++c)
        sum += static_cast<double>(value_of(a, row * channels + c)) * a.filter[c * outputs + k];
      a.y[row * outputs + k] = static_cast<float>(sum);
    }
}

void map_projection_backward_reference(const MapProjectionBackward& a) {
  const size_t channels = a.channels, outputs = a.outputs;
  std::vector<double> dfilter(channels * outputs);
  for (size_t row = 0; row < a.positions * a.images; ++row)
    for (size_t c = 0; c < channels; ++c) {
      const double x = a.x[row * channels + c];
      const double v =
          a.gamma == nullptr ? x : (x - a.mu[c]) * a.inverse_deviation[c] * a.gamma[c] + a.beta[c];
      for (size_t k = 0; k < outputs; ++k) dfilter[c * outputs + k] += v * a.dy[row * outputs + k];
    }
  std::copy(dfilter.begin(), dfilter.end(), a.dfilter);
  backpropagate(a, [&](size_t p, size_t i) {
    const size_t row = p * a.images + i / channels;
    double sum = static_cast<double>(a.dmean[i]) / a.positions;
    for (size_t k = 0; k < outputs; ++k)
      sum += static_cast<double>(a.dy[row * outputs + k]) * a.filter[i % channels * outputs + k];
    return sum;
  });
}

void factored_gate_reference(const FactoredGate& a) {
  const size_t channels = a.channels;
  for (size_t row = 0; row < a.positions * a.images; ++row)
    for (size_t c = 0; c < channels; ++c) {
      const Factor factor =
          factor_of(a.form, a.of_positions[row], a.of_channels[row % a.images * channels + c]);
      a.y[row * channels + c] = static_cast<float>(a.x[row * channels + c] * factor.value);
    }
}

void factored_gate_backward_reference(const FactoredGateBackward& a) {
  const size_t channels = a.channels;
  std::vector<double> of_channels(a.images * channels);
  for (size_t row = 0; row < a.positions * a.images; ++row) {
    const size_t first = row % a.images * channels;
    double of_position = 0;
    for (size_t c = 0; c < channels; ++c) {
      const size_t i = row * channels + c;
      const Factor factor = factor_of(a.form, a.of_positions[row], a.of_channels[first + c]);
      const double g = static_cast<double>(a.dy[i]) * a.x[i] * factor.slope;
      a.dx[i] = static_cast<float>(a.dy[i] * factor.value);
      of_position += g * a.of_channels[first + c];
      of_channels[first + c] += g * a.of_positions[row];
    }
    a.d_of_positions[row] = static_cast<float>(of_position);
  }
  std::copy(of_channels.begin(), of_channels.end(), a.d_of_channels);
}

void decorator_gate_reference(const DecoratorGate& a) {
  const size_t channels = a.channels;
  for (size_t n = 0; n < a.images; ++n) {
    const float* average = a.pools + n * channels;
    const float* greatest = a.pools + (a.images + n) * channels;
    const std::vector<double> share = softmax(average, channels);
    for (size_t c = 0; c < channels; ++c)
      a.y[n * channels + c] = static_cast<float>(
          1 + decorated(a.weights + c, a.biases + c, channels, average[c], greatest[c], share[c]).outer);
  }
}

void decorator_gate_backward_reference(const DecoratorGateBackward& a) {
  const size_t channels = a.channels;
  std::vector<double> dweights(3 * channels), dbiases(3 * channels), of_share(channels);
  for (size_t n = 0; n < a.images; ++n) {
    const float* average = a.pools + n * channels;
    const float* greatest = a.pools + (a.images + n) * channels;
    const std::vector<double> share = softmax(average, channels);
    std::vector<double> of_average(channels);
    double together = 0;
    for (size_t c = 0; c < channels; ++c) {
      const float* w = a.weights + c;
      const Decorated d = decorated(w, a.biases + c, channels, average[c], greatest[c], share[c]);
      const double z2 = a.dy[n * channels + c] * (1 - d.outer * d.outer);
      const double z0 = z2 * w[2 * channels] * d.v * (1 - d.u * d.u);
      const double z1 = z2 * w[2 * channels] * d.u * (1 - d.v * d.v);
      const double inputs[] = {average[c] * share[c], greatest[c] * share[c], d.v * d.u};
      const double z[] = {z0, z1, z2};
      for (size_t i = 0; i < 3; ++i) {
        dweights[i * channels + c] += z[i] * inputs[i];
        dbiases[i * channels + c] += z[i];
      }
      of_average[c] = z0 * w[0] * share[c];
      a.dpools[(a.images + n) * channels + c] = static_cast<float>(z1 * w[channels] * share[c]);
      of_share[c] = z0 * w[0] * average[c] + z1 * w[channels] * greatest[c];
      together += of_share[c] * share[c];
    }
    for (size_t c = 0; c < channels; ++c)
      a.dpools[n * channels + c] = static_cast<float>(of_average[c] + share[c] * (of_share[c] - together));
  }
  std::copy(dweights.begin(), dweights.end(), a.dweights);
  std::copy(dbiases.begin(), dbiases.end(), a.dbiases);
}

}  // namespace bnn::reference
