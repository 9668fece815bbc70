#include "addon/arguments.h"

namespace bnn {
namespace {

struct Rows {
  size_t rows;
  int channels;
  size_t size() const { return rows * channels; }
  size_t words() const { return rows * words_per_row(channels); }
};

Rows read_rows(Arguments& a) {
  const size_t rows = a.size("rows");
  return {rows, a.integer("channels")};
}

BatchNormStatistics read_statistics(Arguments& a) {
  const Rows r = read_rows(a);
  BatchNormStatistics b{};
  b.rows = r.rows;
  b.channels = r.channels;
  b.x = a.floats("x", r.size());
  b.slope = a.optional_floats("slope", r.channels);
  b.mean = a.writable_floats("mean", r.channels);
  b.variance = a.writable_floats("variance", r.channels);
  b.momentum = static_cast<float>(a.number("momentum"));
  b.running_mean = a.optional_floats("runningMean", r.channels);
  b.running_variance = a.optional_floats("runningVariance", r.channels);
  return b;
}

ProjectedStatistics read_projected_statistics(Arguments& a) {
  ProjectedStatistics p{};
  p.rows = a.size("rows");
  p.inputs = a.integer("inputs");
  p.outputs = a.integer("outputs");
  const size_t filter = static_cast<size_t>(p.inputs) * p.outputs;
  p.products = a.floats("products", static_cast<size_t>(p.inputs) * p.inputs);
  p.mean = a.floats("mean", p.inputs);
  p.w = a.floats("w", filter);
  p.covered = a.writable_floats("covered", filter);
  p.output_mean = a.writable_floats("outputMean", p.outputs);
  p.output_variance = a.writable_floats("outputVariance", p.outputs);
  p.momentum = static_cast<float>(a.number("momentum"));
  p.running_mean = a.optional_floats("runningMean", p.outputs);
  p.running_variance = a.optional_floats("runningVariance", p.outputs);
  return p;
}

ProjectedGradients read_projected_gradients(Arguments& a) {
  ProjectedGradients p{};
  p.rows = a.size("rows");
  p.inputs = a.integer("inputs");
  p.outputs = a.integer("outputs");
  p.epsilon = static_cast<float>(a.number("epsilon"));
  p.positions = static_cast<float>(a.number("positions"));
  const size_t filter = static_cast<size_t>(p.inputs) * p.outputs;
  p.products = a.floats("products", filter);
  p.dbeta = a.floats("dbeta", p.outputs);
  p.mean = a.floats("mean", p.inputs);
  p.w = a.floats("w", filter);
  p.gamma = a.floats("gamma", p.outputs);
  p.covered = a.floats("covered", filter);
  p.output_mean = a.floats("outputMean", p.outputs);
  p.output_variance = a.floats("outputVariance", p.outputs);
  p.dw = a.writable_floats("dw", filter);
  p.dgamma = a.writable_floats("dgamma", p.outputs);
  p.pull = a.writable_floats("pull", filter);
  p.tilt = a.writable_floats("tilt", static_cast<size_t>(p.inputs) * p.inputs);
  p.level = a.writable_floats("level", p.inputs);
  return p;
}

ChannelAffine read_affine(Arguments& a) {
  const Rows r = read_rows(a);
  const float* x = a.floats("x", r.size());
  const float* scale = a.floats("scale", r.channels);
  const float* shift = a.floats("shift", r.channels);
  return {r.rows, r.channels, x, scale, shift, a.writable_floats("y", r.size())};
}

ChannelAffineSign read_affine_sign(Arguments& a) {
  const Rows r = read_rows(a);
  const float* x = a.floats("x", r.size());
  const float* slope = a.optional_floats("slope", r.channels);
  const float* scale = a.floats("scale", r.channels);
  const float* shift = a.floats("shift", r.channels);
  uint32_t* sign = a.words("sign", r.words());
  return {r.rows, r.channels, x, slope, scale, shift, sign, a.optional_words("mask", r.words())};
}

ChannelAffineClamp read_affine_clamp(Arguments& a) {
  const Rows r = read_rows(a);
  const float* x = a.floats("x", r.size());
  const float* scale = a.floats("scale", r.channels);
  const float* shift = a.floats("shift", r.channels);
  float* y = a.writable_floats("y", r.size());
  return {r.rows, r.channels, x, scale, shift, y, a.optional_words("mask", r.words())};
}

ChannelAffineActivation read_affine_activation(Arguments& a) {
  const Rows r = read_rows(a);
  const int activation = a.integer("activation");
  if (activation < 0 || activation > static_cast<int>(Activation::kHardClamp))
    a.fail("activation", "one of 0, 1 and 2");
  const float* x = a.floats("x", r.size());
  const float* scale = a.floats("scale", r.channels);
  const float* shift = a.floats("shift", r.channels);
  const float* residual = a.optional_floats("residual", r.size());
  float* y = a.writable_floats("y", r.size());
  uint32_t* mask = a.optional_words("mask", r.words());
  return {r.rows, r.channels, static_cast<Activation>(activation), x, scale, shift, residual, y, mask};
}

BatchNormBackward read_backward(Arguments& a) {
  const Rows r = read_rows(a);
  BatchNormBackward b{};
  b.rows = r.rows;
  b.channels = r.channels;
  b.dy = a.floats("dy", r.size());
  b.x = a.floats("x", r.size());
  b.slope = a.optional_floats("slope", r.channels);
  b.mask = a.optional_words("mask", r.words());
  b.outer = static_cast<float>(a.number("outer"));
  b.addend = a.optional_floats("addend", r.size());
  b.mean = a.floats("mean", r.channels);
  b.inverse_deviation = a.floats("inverseDeviation", r.channels);
  b.gamma = a.floats("gamma", r.channels);
  b.upstream = a.optional_floats("upstream", r.size());
  b.dx = a.writable_floats("dx", r.size());
  b.dgamma = a.writable_floats("dgamma", r.channels);
  b.dbeta = a.writable_floats("dbeta", r.channels);
  b.dslope = a.optional_floats("dslope", r.channels);
  if ((b.slope == nullptr) != (b.dslope == nullptr)) a.fail("dslope", "there with a slope, and only then");
  b.pictures = a.optional_integer("pictures");
  b.picture_dy = a.optional_floats("pictureDy", static_cast<size_t>(b.pictures) * r.channels);
  if ((b.pictures == 0) != (b.picture_dy == nullptr))
    a.fail("pictureDy", "there with pictures, and only then");
  return b;
}

MaskedGradient read_masked_gradient(Arguments& a) {
  const Rows r = read_rows(a);
  const float* dy = a.floats("dy", r.size());
  const uint32_t* mask = a.words("mask", r.words());
  const float* addend = a.optional_floats("addend", r.size());
  float* dx = a.writable_floats("dx", r.size());
  return {r.rows, r.channels, dy, mask, addend, dx, a.writable_floats("sum", r.channels)};
}

ChannelScaleBackward read_scale_backward(Arguments& a) {
  const Rows r = read_rows(a);
  const float* dy = a.floats("dy", r.size());
  const float* x = a.floats("x", r.size());
  const float* scale = a.floats("scale", r.channels);
  float* dx = a.writable_floats("dx", r.size());
  return {r.rows, r.channels, dy, x, scale, dx, a.writable_floats("dscale", r.channels)};
}

ChannelAffineResidual read_affine_residual(Arguments& a) {
  const Rows r = read_rows(a);
  ChannelAffineResidual b{};
  b.rows = r.rows;
  b.channels = r.channels;
  b.x = a.floats("x", r.size());
  b.scale = a.floats("scale", r.channels);
  b.shift = a.floats("shift", r.channels);
  b.residual = a.optional_floats("residual", r.size());
  b.before = a.optional_floats("before", r.channels);
  b.slope = a.optional_floats("slope", r.channels);
  b.after = a.optional_floats("after", r.channels);
  if ((b.slope == nullptr) != (b.before == nullptr)) a.fail("before", "there with a slope, and only then");
  if ((b.slope == nullptr) != (b.after == nullptr)) a.fail("after", "there with a slope, and only then");
  b.y = a.writable_floats("y", r.size());
  return b;
}

BatchNormResidualBackward read_residual_backward(Arguments& a) {
  const Rows r = read_rows(a);
  BatchNormResidualBackward b{};
  b.rows = r.rows;
  b.channels = r.channels;
  b.dy = a.floats("dy", r.size());
  b.x = a.floats("x", r.size());
  b.scale = a.floats("scale", r.channels);
  b.shift = a.floats("shift", r.channels);
  b.residual = a.optional_floats("residual", r.size());
  b.before = a.floats("before", r.channels);
  b.slope = a.floats("slope", r.channels);
  b.mean = a.floats("mean", r.channels);
  b.inverse_deviation = a.floats("inverseDeviation", r.channels);
  b.gamma = a.floats("gamma", r.channels);
  b.upstream = a.writable_floats("upstream", r.size());
  b.dx = a.writable_floats("dx", r.size());
  b.dgamma = a.writable_floats("dgamma", r.channels);
  b.dbeta = a.writable_floats("dbeta", r.channels);
  b.dslope = a.writable_floats("dslope", r.channels);
  b.dafter = a.writable_floats("dafter", r.channels);
  return b;
}

ShiftedPreluBackward read_shifted_prelu_backward(Arguments& a) {
  const Rows r = read_rows(a);
  ShiftedPreluBackward b{};
  b.rows = r.rows;
  b.channels = r.channels;
  b.dy = a.floats("dy", r.size());
  b.x = a.floats("x", r.size());
  b.before = a.floats("before", r.channels);
  b.slope = a.floats("slope", r.channels);
  b.dx = a.writable_floats("dx", r.size());
  b.dbefore = a.writable_floats("dbefore", r.channels);
  b.dslope = a.writable_floats("dslope", r.channels);
  b.dafter = a.writable_floats("dafter", r.channels);
  return b;
}

AddPrelu read_add_prelu(Arguments& a) {
  const Rows r = read_rows(a);
  const float* x = a.floats("x", r.size());
  const float* residual = a.optional_floats("residual", r.size());
  const float* slope = a.floats("slope", r.channels);
  return {r.rows, r.channels, x, residual, slope, a.writable_floats("y", r.size())};
}

PreluBackward read_prelu_backward(Arguments& a) {
  const Rows r = read_rows(a);
  const float* dy = a.floats("dy", r.size());
  const float* x = a.floats("x", r.size());
  const float* residual = a.optional_floats("residual", r.size());
  const float* slope = a.floats("slope", r.channels);
  float* dv = a.writable_floats("dv", r.size());
  return {r.rows, r.channels, dy, x, residual, slope, dv, a.writable_floats("dslope", r.channels)};
}

PackSigns read_pack(Arguments& a) {
  const Rows r = read_rows(a);
  const float* x = a.floats("x", r.size());
  uint32_t* sign = a.words("sign", r.words());
  return {r.rows, r.channels, x, sign, a.optional_words("mask", r.words())};
}

UnpackSigns read_unpack(Arguments& a) {
  const Rows r = read_rows(a);
  const uint32_t* sign = a.words("sign", r.words());
  return {r.rows, r.channels, sign, a.writable_floats("y", r.size())};
}

MeanMagnitude read_mean_magnitude(Arguments& a) {
  const Rows r = read_rows(a);
  const float* w = a.floats("w", r.size());
  return {r.rows, r.channels, w, a.writable_floats("scale", r.channels)};
}

UnitMaps read_unit_maps(Arguments& a) {
  const size_t samples = a.size("samples");
  const size_t pixels = a.size("pixels");
  const size_t channels = a.size("channels");
  const bool channels_first = a.flag("channelsFirst");
  const float* x = a.floats("x", samples * pixels * channels);
  return {samples, pixels, channels, channels_first, x, a.writable_floats("y", samples * pixels * channels)};
}

}  // namespace

void define_normalisation_kernels(Napi::Env env, Napi::Object exports) {
  define_kernel(env, exports, read_statistics);
  define_kernel(env, exports, read_projected_statistics);
  define_kernel(env, exports, read_projected_gradients);
  define_kernel(env, exports, read_affine);
  define_kernel(env, exports, read_affine_sign);
  define_kernel(env, exports, read_affine_clamp);
  define_kernel(env, exports, read_affine_activation);
  define_kernel(env, exports, read_backward);
  define_kernel(env, exports, read_affine_residual);
  define_kernel(env, exports, read_residual_backward);
  define_kernel(env, exports, read_masked_gradient);
  define_kernel(env, exports, read_scale_backward);
  define_kernel(env, exports, read_shifted_prelu_backward);
  define_kernel(env, exports, read_add_prelu);
  define_kernel(env, exports, read_prelu_backward);
  define_kernel(env, exports, read_pack);
  define_kernel(env, exports, read_unpack);
  define_kernel(env, exports, read_mean_magnitude);
  define_kernel(env, exports, read_unit_maps);
}

}  // namespace bnn
