#include "addon/arguments.h"

namespace bnn {
namespace {

Elementwise read_elementwise(Arguments& a) {
  const int operation = a.integer("operation");
  if (operation > static_cast<int>(Binary::kMinimum)) a.fail("operation", "a number from 0 to 5");
  const size_t size = a.size("size");
  const size_t period = a.size("yPeriod");
  const float* x = a.floats("x", size);
  const float* y = a.floats("y", period == 0 ? size : period);
  return {static_cast<Binary>(operation), size, period, x, y, a.writable_floats("out", size)};
}

Softmax read_softmax(Arguments& a) {
  const size_t rows = a.size("rows");
  const int classes = a.integer("classes");
  const bool logarithm = a.flag("logarithm");
  const float* x = a.floats("x", rows * classes);
  return {rows, classes, logarithm, x, a.writable_floats("y", rows * classes)};
}

AdamStep read_adam(Arguments& a) {
  AdamStep s{};
  s.size = a.size("size");
  s.step = static_cast<int64_t>(a.size("step"));
  if (s.step < 1) a.fail("step", "a whole number from 1");
  s.lr = static_cast<float>(a.number("lr"));
  s.beta1 = static_cast<float>(a.number("beta1"));
  s.beta2 = static_cast<float>(a.number("beta2"));
  s.epsilon = static_cast<float>(a.number("epsilon"));
  s.weight_decay = static_cast<float>(a.number("weightDecay"));
  s.clip = static_cast<float>(a.number("clip"));
  s.gradient = a.floats("gradient", s.size);
  s.w = a.writable_floats("w", s.size);
  s.m = a.writable_floats("m", s.size);
  s.v = a.writable_floats("v", s.size);
  return s;
}

SignSlope read_sign_slope(Arguments& a) {
  const size_t size = a.size("size");
  const float t = static_cast<float>(a.number("t"));
  const float* dy = a.floats("dy", size);
  const float* v = a.floats("v", size);
  return {size, t, dy, v, a.writable_floats("out", size)};
}

Sigmoid read_sigmoid(Arguments& a) {
  const size_t size = a.size("size");
  const float* x = a.floats("x", size);
  return {size, x, a.writable_floats("y", size)};
}

SigmoidBackward read_sigmoid_backward(Arguments& a) {
  const size_t size = a.size("size");
  const float* dy = a.floats("dy", size);
  const float* y = a.floats("y", size);
  return {size, dy, y, a.writable_floats("dx", size)};
}

NarrowToHalf read_narrow_to_half(Arguments& a) {
  const size_t size = a.size("size");
  const float* x = a.floats("x", size);
  return {size, x, a.halves("y", size)};
}

WidenHalf read_widen_half(Arguments& a) {
  const size_t size = a.size("size");
  const uint16_t* x = a.halves("x", size);
  return {size, x, a.writable_floats("y", size)};
}

}  // namespace

void define_elementwise_kernels(Napi::Env env, Napi::Object exports) {
  define_kernel(env, exports, read_elementwise);
  define_kernel(env, exports, read_softmax);
  define_kernel(env, exports, read_adam);
  define_kernel(env, exports, read_sign_slope);
  define_kernel(env, exports, read_sigmoid);
  define_kernel(env, exports, read_sigmoid_backward);
  define_kernel(env, exports, read_narrow_to_half);
  define_kernel(env, exports, read_widen_half);
}

}  // namespace bnn
