// Passes over elements or rows: arithmetic, softmax, distances, the optimizer, float16.
#pragma once

#include <cstddef>
#include <cstdint>

#include "families/dims.h"

namespace bnn {

enum class Binary { kAdd, kSubtract, kMultiply, kDivide, kMaximum, kMinimum };
constexpr const char* kBinaryNames[] = {"add", "subtract", "multiply", "divide", "maximum", "minimum"};

// out = x ∘ y, element by element. With `y_period` 0 both have `size` elements; otherwise y repeats every
// y_period elements (a row of channels, or 1 for a scalar). out may be x.
struct Elementwise {
  static constexpr const char* family = "elementwise";
  Binary operation;
  size_t size, y_period;
  const float* x;
  const float* y;
  float* out;

  template <class Fields>
  void fields(Fields& f) {
    f.choice("operation", operation, kBinaryNames);
    f.size("size", size);
    f.size("yPeriod", y_period);
    f.input("x", x, {size});
    f.input("y", y, {y_period == 0 ? size : y_period});
    f.output("out", out, {size}).may_be(x);
  }
};

// Softmax, or its logarithm, of each row; finite for any finite logits. y may be x.
struct Softmax {
  static constexpr const char* family = "softmax";
  size_t rows;
  int classes;
  bool logarithm;
  const float* x;
  float* y;

  template <class Fields>
  void fields(Fields& f) {
    f.size("rows", rows);
    f.size("classes", classes);
    f.flag("logarithm", logarithm);
    f.input("x", x, {rows, classes});
    f.output("y", y, {rows, classes}).may_be(x);
  }
};

// The squared distance of the directions of `rows` pairs of rows of `size` floats: with u = a/‖a‖, v = b/‖b‖,
// d = u − v,
//   value = ‖d‖², summed from the differences (2 − 2·u·v cancels when the two agree)
// Norms under kZeroNorm are taken as kZeroNorm. `statistics` gets four floats a row, all that the gradient
// needs besides a and b: ‖a‖, ‖b‖, 2/‖a‖, (u·d)/‖a‖, the last two 0 where ‖a‖ is not above kZeroNorm: without
// a direction there is no pull.
constexpr double kZeroNorm = 1e-12;
struct UnitDistance {
  static constexpr const char* family = "unitDistance";
  size_t rows, size;
  const float* a;
  const float* b;
  float* value;
  float* statistics;

  template <class Fields>
  void fields(Fields& f) {
    f.size("rows", rows);
    f.size("size", size);
    f.input("a", a, {rows, size});
    f.input("b", b, {rows, size});
    f.output("value", value, {rows});
    f.output("statistics", statistics, {rows, 4});
  }
};

// da = dy · (2/‖a‖) · (d − u·(u·d)), dy one float a row, `statistics` those of UnitDistance
struct UnitDistanceBackward {
  static constexpr const char* family = "unitDistanceBackward";
  size_t rows, size;
  const float* dy;
  const float* a;
  const float* b;
  const float* statistics;
  float* da;

  template <class Fields>
  void fields(Fields& f) {
    f.size("rows", rows);
    f.size("size", size);
    f.input("dy", dy, {rows});
    f.input("a", a, {rows, size});
    f.input("b", b, {rows, size});
    f.input("statistics", statistics, {rows, 4});
    f.output("da", da, {rows, size});
  }
};

// Adam (Kingma and Ba 2015) in one pass: g += weight_decay·w; m = β₁m + (1 − β₁)g; v = β₂v + (1 − β₂)g²;
// w −= lr · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε); then w clipped to [−clip, clip] when clip > 0.
struct AdamStep {
  static constexpr const char* family = "adamStep";
  size_t size;
  int64_t step;  // t, from 1
  float lr, beta1, beta2, epsilon, weight_decay, clip;
  const float* gradient;
  float* w;
  float* m;
  float* v;

  template <class Fields>
  void fields(Fields& f) {
    f.size("size", size);
    f.positive("step", step);
    f.number("lr", lr);
    f.number("beta1", beta1);
    f.number("beta2", beta2);
    f.number("epsilon", epsilon);
    f.number("weightDecay", weight_decay);
    f.number("clip", clip);
    f.input("gradient", gradient, {size});
    f.updated("w", w, {size});
    f.updated("m", m, {size});
    f.updated("v", v, {size});
  }
};

// out = dy · slope(v), the slope of a sign's stand-in: with t = 0 that of the piecewise quadratic, 2 − 2|v|
// where |v| ≤ 1 and 0 elsewhere (whatever dy is there); with t > 0 that of a scaled tanh, max(1, t)·(1 −
// tanh²(t·v)). out may be dy.
struct SignSlope {
  static constexpr const char* family = "signSlope";
  size_t size;
  float t;
  const float* dy;
  const float* v;
  float* out;

  template <class Fields>
  void fields(Fields& f) {
    f.size("size", size);
    f.number("t", t);
    f.input("dy", dy, {size});
    f.input("v", v, {size});
    f.output("out", out, {size}).may_be(dy);
  }
};

// y = σ(x) = 1 / (1 + e⁻ˣ)
struct Sigmoid {
  static constexpr const char* family = "sigmoid";
  size_t size;
  const float* x;
  float* y;

  template <class Fields>
  void fields(Fields& f) {
    f.size("size", size);
    f.input("x", x, {size});
    f.output("y", y, {size});
  }
};

// dx = dy · y · (1 − y), y = σ(x). dx may be dy.
struct SigmoidBackward {
  static constexpr const char* family = "sigmoidBackward";
  size_t size;
  const float* dy;
  const float* y;
  float* dx;

  template <class Fields>
  void fields(Fields& f) {
    f.size("size", size);
    f.input("dy", dy, {size});
    f.input("y", y, {size});
    f.output("dx", dx, {size}).may_be(dy);
  }
};

// y = x in float16 (IEEE 754 binary16), rounded to the nearest, ties to even; what is too large becomes
// infinite, NaN stays NaN. On the calling thread.
struct NarrowToHalf {
  static constexpr const char* family = "narrowToHalf";
  size_t size;
  const float* x;
  uint16_t* y;

  template <class Fields>
  void fields(Fields& f) {
    f.size("size", size);
    f.input("x", x, {size});
    f.output("y", y, {size});
  }
};

// y = x in float32, exactly; x in float16. On the calling thread.
struct WidenHalf {
  static constexpr const char* family = "widenHalf";
  size_t size;
  const uint16_t* x;
  float* y;

  template <class Fields>
  void fields(Fields& f) {
    f.size("size", size);
    f.input("x", x, {size});
    f.output("y", y, {size});
  }
};

}  // namespace bnn
