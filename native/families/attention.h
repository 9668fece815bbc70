// What attention looks at in a map, and how its factors come to the map. Maps are position-major: [positions,
// images, channels].
#pragma once

#include <cstddef>

namespace bnn {

// Poolings of v = x · scale + shift (null together: v = x) over its positions and over its channels, in one
// pass:
//   mean[n, c] = mean over p of x, place[n, c] = the first p at which v is greatest, greatest[n, c] = x
//   there; of_channels[p, n] = (max over c of v, mean over c of v), channel[p, n] = the first c of that
//   maximum.
// Places are whole numbers as floats, exact up to 2^24. of_channels and channel may be null together. NaN is
// never greatest.
struct MapPools {
  static constexpr const char* family = "mapPools";
  size_t positions, images;
  int channels;
  const float* x;
  const float* scale;
  const float* shift;
  float* mean;
  float* greatest;
  float* place;
  float* of_channels;
  float* channel;
};

// The gradient of MapPools to x where v is the BatchNorm of x, x̂ = (x − mu)·inverse_deviation, v = γ·x̂ + β
// with the statistics of the batch, m = positions · images rows; mu, inverse_deviation, gamma, dgamma and
// dbeta may be null together: v = x. With
//   dv[p, n, c] = dmean[n, c]/positions + [p = place] dgreatest[n, c] + d_of_channels[p, n, 1]/channels
//                 + [c = channel] d_of_channels[p, n, 0]
// (d_of_channels and channel may be null together; mean and greatest are those of x, dmean and dgreatest come
// to those of v):
//   dβ = Σ dv, dγ = Σ dv·x̂, dx = γ·inverse_deviation·(dv − dβ/m − x̂·dγ/m)
struct MapPoolsBackward {
  static constexpr const char* family = "mapPoolsBackward";
  size_t positions, images;
  int channels;
  const float* x;
  const float* mu;
  const float* inverse_deviation;
  const float* gamma;
  const float* mean;
  const float* greatest;
  const float* place;
  const float* dmean;
  const float* dgreatest;
  const float* channel;
  const float* d_of_channels;
  float* dx;
  float* dgamma;
  float* dbeta;
};

// What a 1×1 convolution to few outputs makes of v = x · scale + shift (null together: v = x), and the means
// over the positions, in one pass:
//   mean[n, c] = mean over p of x, y[p, n, k] = Σ_c v[p, n, c] · filter[c, k]
struct MapProjection {
  static constexpr const char* family = "mapProjection";
  size_t positions, images;
  int channels, outputs;
  const float* x;
  const float* scale;
  const float* shift;
  const float* filter;
  float* mean;
  float* y;
};

// The gradient of MapProjection, with a BatchNorm or without as that of MapPools:
//   dv[p, n, c] = dmean[n, c]/positions + Σ_k dy[p, n, k] · filter[c, k], dfilter = vᵀ · dy
// beta, which v has, is there with gamma.
struct MapProjectionBackward {
  static constexpr const char* family = "mapProjectionBackward";
  size_t positions, images;
  int channels, outputs;
  const float* x;
  const float* mu;
  const float* inverse_deviation;
  const float* gamma;
  const float* beta;
  const float* filter;
  const float* mean;
  const float* dmean;
  const float* dy;
  float* dx;
  float* dfilter;
  float* dgamma;
  float* dbeta;
};

// How a factor for each position and one for each channel of a picture are one factor.
enum class FactorForm {
  kProduct,     // A = p · c
  kExcitation,  // A = 1 + σ(p · c)
};

// y[p, n, c] = x[p, n, c] · A, A of of_positions[p, n] and of_channels[n, c]
struct FactoredGate {
  static constexpr const char* family = "factoredGate";
  size_t positions, images;
  int channels;
  FactorForm form;
  const float* x;
  const float* of_positions;
  const float* of_channels;
  float* y;
};

// dx = dy · A and, with g = dy · x · dA/d(p·c): d_of_positions = Σ_c g · of_channels, d_of_channels = Σ_p g ·
// of_positions. dx may be dy.
struct FactoredGateBackward {
  static constexpr const char* family = "factoredGateBackward";
  size_t positions, images;
  int channels;
  FactorForm form;
  const float* dy;
  const float* x;
  const float* of_positions;
  const float* of_channels;
  float* dx;
  float* d_of_positions;
  float* d_of_channels;
};

// The gate of a decorated convolution, from the mean a and the maximum b of each channel of a picture, pools
// = [a; b]:
//   s = softmax(a) over the channels, u = tanh(w₀·a·s + b₀), v = tanh(w₁·b·s + b₁), y = 1 + tanh(w₂·v·u + b₂)
// with weights and biases [3, channels].
struct DecoratorGate {
  static constexpr const char* family = "decoratorGate";
  size_t images;
  int channels;
  const float* pools;
  const float* weights;
  const float* biases;
  float* y;
};

struct DecoratorGateBackward {
  static constexpr const char* family = "decoratorGateBackward";
  size_t images;
  int channels;
  const float* dy;
  const float* pools;
  const float* weights;
  const float* biases;
  float* dpools;
  float* dweights;
  float* dbiases;
};

// A convolution of few channels that keeps the size: a square window of odd side whose taps are `dilation`
// apart,
//   y[p, n, k] = Σ_{tap, c} x[p + dilation·(tap − middle), n, c] · filter[tap, c, k]
// with filter [window, window, inputs, outputs]. Where `transposed` it is [window, window, outputs, inputs]
// and turned by half a circle: then x is the gradient to the output of a convolution and y that to its input.
struct DilatedConv {
  static constexpr const char* family = "dilatedConv";
  int height, width, images, inputs, outputs, window, dilation;
  bool transposed;
  const float* x;
  const float* filter;
  float* y;

  int margin() const { return (window - 1) / 2 * dilation; }
  size_t taps() const { return static_cast<size_t>(window) * window; }
};

// dfilter[tap, c, k] = Σ_{p, n} x[p + dilation·(tap − middle), n, c] · dy[p, n, k]
struct DilatedConvBackwardFilter {
  static constexpr const char* family = "dilatedConvBackwardFilter";
  int height, width, images, inputs, outputs, window, dilation;
  const float* x;
  const float* dy;
  float* dfilter;

  int margin() const { return (window - 1) / 2 * dilation; }
  size_t taps() const { return static_cast<size_t>(window) * window; }
};

}  // namespace bnn
