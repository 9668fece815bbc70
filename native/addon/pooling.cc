#include <algorithm>

#include "addon/arguments.h"

namespace bnn {
namespace {

size_t pooled_size(const ConvShape& s) { return static_cast<size_t>(s.out_h) * s.out_w * s.n * s.c; }

AveragePool read_average(Arguments& a) {
  const ConvShape s = a.shape();
  const bool count_padding = a.flag("countPadding");
  const float* x = a.floats("x", s.input_size());
  return {s, count_padding, x, a.writable_floats("y", pooled_size(s))};
}

AveragePoolBackward read_average_backward(Arguments& a) {
  const ConvShape s = a.shape();
  const bool count_padding = a.flag("countPadding");
  const float* dy = a.floats("dy", pooled_size(s));
  const float* addend = a.optional_floats("addend", s.input_size());
  return {s, count_padding, dy, addend, a.writable_floats("dx", s.input_size())};
}

MaxPool read_max(Arguments& a) {
  const ConvShape s = a.shape();
  const float* x = a.floats("x", s.input_size());
  return {s, x, a.writable_floats("y", pooled_size(s))};
}

MaxPoolBackward read_max_backward(Arguments& a) {
  const ConvShape s = a.shape();
  const float* dy = a.floats("dy", pooled_size(s));
  const float* x = a.floats("x", s.input_size());
  const float* y = a.floats("y", pooled_size(s));
  return {s, dy, x, y, a.writable_floats("dx", s.input_size())};
}

PositionMean read_position_mean(Arguments& a) {
  const size_t positions = a.size("positions");
  const size_t inner = a.size("inner");
  const float* x = a.floats("x", positions * inner);
  float* y = a.writable_floats("y", inner);
  const int channels = std::max(1, a.optional_integer("channels"));
  if (inner % channels != 0) a.fail("channels", "a divisor of 'inner'");
  return {positions, inner, x, y, channels, a.optional_floats("slope", channels)};
}

PositionMeanBackward read_position_mean_backward(Arguments& a) {
  const size_t positions = a.size("positions");
  const size_t inner = a.size("inner");
  const float* dy = a.floats("dy", inner);
  return {positions, inner, dy, a.writable_floats("dx", positions * inner)};
}

SwapOuter read_swap(Arguments& a) {
  const size_t outer = a.size("outer");
  const size_t middle = a.size("middle");
  const size_t inner = a.size("inner");
  const float* x = a.floats("x", outer * middle * inner);
  return {outer, middle, inner, x, a.writable_floats("y", outer * middle * inner)};
}

}  // namespace

void define_pooling_kernels(Napi::Env env, Napi::Object exports) {
  define_kernel(env, exports, read_average);
  define_kernel(env, exports, read_average_backward);
  define_kernel(env, exports, read_max);
  define_kernel(env, exports, read_max_backward);
  define_kernel(env, exports, read_position_mean);
  define_kernel(env, exports, read_position_mean_backward);
  define_kernel(env, exports, read_swap);
}

}  // namespace bnn
