#include "addon/arguments.h"

namespace bnn {
namespace {

FloatConvForward read_float_forward(Arguments& a) {
  const ConvShape s = a.shape();
  const float* x = a.floats("x", s.input_size());
  const float* w = a.floats("w", s.filter_size());
  return {s, x, w, a.writable_floats("y", s.output_size())};
}

FloatConvBackwardInput read_float_backward_input(Arguments& a) {
  const ConvShape s = a.shape();
  const float* dy = a.floats("dy", s.output_size());
  const float* w = a.floats("w", s.filter_size());
  return {s, dy, w, a.writable_floats("dx", s.input_size())};
}

FloatConvBackwardFilter read_float_backward_filter(Arguments& a) {
  const ConvShape s = a.shape();
  const float* x = a.floats("x", s.input_size());
  const float* dy = a.floats("dy", s.output_size());
  return {s, x, dy, a.writable_floats("dw", s.filter_size())};
}

const float* read_gate(Arguments& a, const ConvShape& s) {
  return a.optional_floats("gate", static_cast<size_t>(s.n) * s.k);
}

BinaryConvForward read_binary_forward(Arguments& a) {
  const ConvShape s = a.shape();
  const uint32_t* x = a.words("x", packed_input(s));
  const uint32_t* w = a.words("w", packed_filter(s));
  const float* scale = a.floats("scale", s.k);
  const float* residual = a.optional_floats("residual", s.output_size());
  const float* slope = a.optional_floats("slope", s.k);
  if (slope != nullptr && residual == nullptr) a.fail("slope", "null without a residual");
  float* y = a.writable_floats("y", s.output_size());
  const float* gate = read_gate(a, s);
  return {s, x, w, scale, residual, slope, y, gate, a.optional_floats("sumSlope", s.k)};
}

BinaryConvBackwardInput read_binary_backward_input(Arguments& a) {
  const ConvShape s = a.shape();
  const float* dy = a.floats("dy", s.output_size());
  const uint32_t* w = a.words("w", packed_filter(s));
  const float* scale = a.floats("scale", s.k);
  float* dx = a.writable_floats("dx", s.input_size());
  return {s, dy, w, scale, dx, read_gate(a, s)};
}

BinaryConvBackwardFilter read_binary_backward_filter(Arguments& a) {
  const ConvShape s = a.shape();
  const uint32_t* x = a.words("x", packed_input(s));
  const float* dy = a.floats("dy", s.output_size());
  const float* scale = a.optional_floats("scale", s.k);
  const float* latent = a.optional_floats("latent", s.filter_size());
  if ((scale == nullptr) != (latent == nullptr)) a.fail("latent", "null exactly where 'scale' is");
  float* dw = a.writable_floats("dw", s.filter_size());
  return {s, x, dy, scale, latent, dw, read_gate(a, s)};
}

BinaryConvGateGradient read_gate_gradient(Arguments& a) {
  const ConvShape s = a.shape();
  const uint32_t* x = a.words("x", packed_input(s));
  const uint32_t* w = a.words("w", packed_filter(s));
  const float* scale = a.floats("scale", s.k);
  const float* dy = a.floats("dy", s.output_size());
  float* dgate = a.writable_floats("dgate", static_cast<size_t>(s.n) * s.k);
  const float* gate = read_gate(a, s);
  const float* sum_slope = a.optional_floats("sumSlope", s.k);
  float* dz = a.optional_floats("dz", s.output_size());
  float* dslope = a.optional_floats("dslope", s.k);
  if ((sum_slope == nullptr) != (dz == nullptr) || (sum_slope == nullptr) != (dslope == nullptr))
    a.fail("dslope", "there, as dz, with sumSlope, and only then");
  return {s, x, w, scale, dy, dgate, gate, sum_slope, dz, dslope};
}

BinaryInputConvForward read_binary_input_forward(Arguments& a) {
  const ConvShape s = a.shape();
  const uint32_t* x = a.words("x", packed_input(s));
  const float* w = a.floats("w", s.filter_size());
  return {s, x, w, a.writable_floats("y", s.output_size())};
}

BinaryFilterConvForward read_binary_filter_forward(Arguments& a) {
  const ConvShape s = a.shape();
  const float* x = a.floats("x", s.input_size());
  const uint32_t* w = a.words("w", packed_filter(s));
  const float* scale = a.floats("scale", s.k);
  return {s, x, w, scale, a.writable_floats("y", s.output_size())};
}

StraightThroughFilter read_straight_through(Arguments& a) {
  const size_t rows = a.size("rows");
  const int channels = a.integer("channels");
  const float* scale = a.floats("scale", channels);
  const float* latent = a.floats("latent", rows * channels);
  return {rows, channels, scale, latent, a.writable_floats("dw", rows * channels)};
}

MatMul read_matmul(Arguments& a) {
  MatMul m{};
  m.batch = a.integer("batch");
  m.m = a.integer("m");
  m.n = a.integer("n");
  m.k = a.integer("k");
  m.transpose_a = a.flag("transposeA");
  m.transpose_b = a.flag("transposeB");
  m.a_stride = a.size("aStride");
  m.b_stride = a.size("bStride");
  const size_t last = m.batch > 0 ? m.batch - 1 : 0;
  m.a = a.floats("a", last * m.a_stride + static_cast<size_t>(m.m) * m.k);
  m.b = a.floats("b", last * m.b_stride + static_cast<size_t>(m.k) * m.n);
  m.c = a.writable_floats("c", static_cast<size_t>(m.batch) * m.m * m.n);
  return m;
}

}  // namespace

void define_convolution_kernels(Napi::Env env, Napi::Object exports) {
  define_kernel(env, exports, read_float_forward);
  define_kernel(env, exports, read_float_backward_input);
  define_kernel(env, exports, read_float_backward_filter);
  define_kernel(env, exports, read_binary_forward);
  define_kernel(env, exports, read_binary_backward_input);
  define_kernel(env, exports, read_binary_backward_filter);
  define_kernel(env, exports, read_gate_gradient);
  define_kernel(env, exports, read_binary_input_forward);
  define_kernel(env, exports, read_binary_filter_forward);
  define_kernel(env, exports, read_straight_through);
  define_kernel(env, exports, read_matmul);
}

}  // namespace bnn
