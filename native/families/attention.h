// What attention looks at in a map, and how its factors come to the map. Maps are position-major: [positions,
// images, channels].
#pragma once

#include <cstddef>
#include <cstdint>

#include "families/dims.h"

namespace bnn {

// Places and channels are whole numbers as floats, which are exact up to here.
constexpr int64_t kMostPlaces = int64_t{1} << 24;

// Poolings of v = x · scale + shift (null together: v = x) over its positions and over its channels, in one
// pass:
//   mean[n, c] = mean over p of x, place[n, c] = the first p at which v is greatest, greatest[n, c] = x
//   there; of_channels[p, n] = (max over c of v, mean over c of v), channel[p, n] = the first c of that
//   maximum.
// Places are whole numbers as floats. of_channels and channel may be null together. NaN is
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

  template <class Fields>
  void fields(Fields& f) {
    f.positive("positions", positions);
    f.positive("images", images);
    f.positive("channels", channels);
    f.require("positions", static_cast<int64_t>(positions) <= kMostPlaces, "at most 2^24");
    f.require("channels", channels <= kMostPlaces, "at most 2^24");
    f.input("x", x, {positions, images, channels});
    f.input_or_null("scale", scale, {channels});
    f.input_or_null("shift", shift, {channels});
    f.output("mean", mean, {images, channels});
    f.output("greatest", greatest, {images, channels});
    f.output("place", place, {images, channels});
    f.output_or_null("ofChannels", of_channels, {positions, images, 2});
    f.output_or_null("channel", channel, {positions, images});
    f.together(scale, shift);
    f.together(of_channels, channel);
  }
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

  template <class Fields>
  void fields(Fields& f) {
    f.positive("positions", positions);
    f.positive("images", images);
    f.positive("channels", channels);
    f.input("x", x, {positions, images, channels});
    f.input_or_null("mu", mu, {channels});
    f.input_or_null("inverseDeviation", inverse_deviation, {channels});
    f.input_or_null("gamma", gamma, {channels});
    f.input("mean", mean, {images, channels});
    f.input("greatest", greatest, {images, channels});
    f.indices("place", place, {images, channels}, positions);
    f.input("dmean", dmean, {images, channels});
    f.input("dgreatest", dgreatest, {images, channels});
    f.indices_or_null("channel", channel, {positions, images}, channels);
    f.input_or_null("dOfChannels", d_of_channels, {positions, images, 2});
    f.output("dx", dx, {positions, images, channels});
    f.output_or_null("dgamma", dgamma, {channels});
    f.output_or_null("dbeta", dbeta, {channels});
    f.together(mu, inverse_deviation, gamma, dgamma, dbeta);
    f.together(channel, d_of_channels);
  }
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

  template <class Fields>
  void fields(Fields& f) {
    f.positive("positions", positions);
    f.positive("images", images);
    f.positive("channels", channels);
    f.positive("outputs", outputs);
    f.input("x", x, {positions, images, channels});
    f.input_or_null("scale", scale, {channels});
    f.input_or_null("shift", shift, {channels});
    f.input("filter", filter, {channels, outputs});
    f.output("mean", mean, {images, channels});
    f.output("y", y, {positions, images, outputs});
    f.together(scale, shift);
  }
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

  template <class Fields>
  void fields(Fields& f) {
    f.positive("positions", positions);
    f.positive("images", images);
    f.positive("channels", channels);
    f.positive("outputs", outputs);
    f.input("x", x, {positions, images, channels});
    f.input_or_null("mu", mu, {channels});
    f.input_or_null("inverseDeviation", inverse_deviation, {channels});
    f.input_or_null("gamma", gamma, {channels});
    f.input_or_null("beta", beta, {channels});
    f.input("filter", filter, {channels, outputs});
    f.input("mean", mean, {images, channels});
    f.input("dmean", dmean, {images, channels});
    f.input("dy", dy, {positions, images, outputs});
    f.output("dx", dx, {positions, images, channels});
    f.output("dfilter", dfilter, {channels, outputs});
    f.output_or_null("dgamma", dgamma, {channels});
    f.output_or_null("dbeta", dbeta, {channels});
    f.together(mu, inverse_deviation, gamma, beta, dgamma, dbeta);
  }
};

// How a factor for each position and one for each channel of a image are one factor.
enum class FactorForm {
  kProduct,     // A = p · c
  kExcitation,  // A = 1 + σ(p · c)
};
constexpr const char* kFactorForms[] = {"product", "excitation"};

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

  template <class Fields>
  void fields(Fields& f) {
    f.positive("positions", positions);
    f.positive("images", images);
    f.positive("channels", channels);
    f.choice("form", form, kFactorForms);
    f.input("x", x, {positions, images, channels});
    f.input("ofPositions", of_positions, {positions, images});
    f.input("ofChannels", of_channels, {images, channels});
    f.output("y", y, {positions, images, channels});
  }
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

  template <class Fields>
  void fields(Fields& f) {
    f.positive("positions", positions);
    f.positive("images", images);
    f.positive("channels", channels);
    f.choice("form", form, kFactorForms);
    f.input("dy", dy, {positions, images, channels});
    f.input("x", x, {positions, images, channels});
    f.input("ofPositions", of_positions, {positions, images});
    f.input("ofChannels", of_channels, {images, channels});
    f.output("dx", dx, {positions, images, channels}).may_be(dy);
    f.output("dOfPositions", d_of_positions, {positions, images});
    f.output("dOfChannels", d_of_channels, {images, channels});
  }
};

// The gate of a decorated convolution, from the mean a and the maximum b of each channel of a image, pools
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

  template <class Fields>
  void fields(Fields& f) {
    f.positive("images", images);
    f.positive("channels", channels);
    f.input("pools", pools, {2, images, channels});
    f.input("weights", weights, {3, channels});
    f.input("biases", biases, {3, channels});
    f.output("y", y, {images, channels});
  }
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

  template <class Fields>
  void fields(Fields& f) {
    f.positive("images", images);
    f.positive("channels", channels);
    f.input("dy", dy, {images, channels});
    f.input("pools", pools, {2, images, channels});
    f.input("weights", weights, {3, channels});
    f.input("biases", biases, {3, channels});
    f.output("dpools", dpools, {2, images, channels});
    f.output("dweights", dweights, {3, channels});
    f.output("dbiases", dbiases, {3, channels});
  }
};

// The most positions that a dilated window reaches to a side, and that a map has along one.
constexpr int64_t kMostReach = 4096;
constexpr int kMostSide = 1 << 30;

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

  int margin() const { return static_cast<int>(reach()); }
  int64_t reach() const { return int64_t{(window - 1) / 2} * dilation; }
  size_t taps() const { return static_cast<size_t>(window) * window; }

  template <class Fields>
  void fields(Fields& f) {
    f.positive("height", height);
    f.positive("width", width);
    f.positive("images", images);
    f.positive("inputs", inputs);
    f.positive("outputs", outputs);
    f.positive("window", window);
    f.positive("dilation", dilation);
    f.require("window", window % 2 == 1, "odd");
    f.require("dilation", reach() <= kMostReach, "of a window that reaches at most 4096 positions far");
    f.require("height", height <= kMostSide, "at most 2^30");
    f.require("width", width <= kMostSide, "at most 2^30");
    f.flag("transposed", transposed);
    f.input("x", x, {height, width, images, inputs});
    f.input("filter", filter, {window, window, inputs, outputs});
    f.output("y", y, {height, width, images, outputs});
  }
};

// dfilter[tap, c, k] = Σ_{p, n} x[p + dilation·(tap − middle), n, c] · dy[p, n, k]
struct DilatedConvBackwardFilter {
  static constexpr const char* family = "dilatedConvBackwardFilter";
  int height, width, images, inputs, outputs, window, dilation;
  const float* x;
  const float* dy;
  float* dfilter;

  int margin() const { return static_cast<int>(reach()); }
  int64_t reach() const { return int64_t{(window - 1) / 2} * dilation; }
  size_t taps() const { return static_cast<size_t>(window) * window; }

  template <class Fields>
  void fields(Fields& f) {
    f.positive("height", height);
    f.positive("width", width);
    f.positive("images", images);
    f.positive("inputs", inputs);
    f.positive("outputs", outputs);
    f.positive("window", window);
    f.positive("dilation", dilation);
    f.require("window", window % 2 == 1, "odd");
    f.require("dilation", reach() <= kMostReach, "of a window that reaches at most 4096 positions far");
    f.require("height", height <= kMostSide, "at most 2^30");
    f.require("width", width <= kMostSide, "at most 2^30");
    f.input("x", x, {height, width, images, inputs});
    f.input("dy", dy, {height, width, images, outputs});
    f.output("dfilter", dfilter, {window, window, inputs, outputs});
  }
};

}  // namespace bnn
