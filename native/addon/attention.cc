#include "addon/arguments.h"

namespace bnn {
namespace {

// The sizes of a map [positions, images, channels].
struct Map {
  size_t positions, images;
  int channels;
  size_t rows() const { return positions * images; }
  size_t inner() const { return images * channels; }
  size_t size() const { return positions * inner(); }
};

Map read_map(Arguments& a) {
  const size_t positions = a.size("positions");
  const size_t images = a.size("images");
  const int channels = a.integer("channels");
  if (positions == 0 || images == 0 || channels == 0) a.fail("channels", "of a map that is not empty");
  return {positions, images, channels};
}

MapPools read_pools(Arguments& a) {
  const Map m = read_map(a);
  MapPools p{};
  p.positions = m.positions;
  p.images = m.images;
  p.channels = m.channels;
  p.x = a.floats("x", m.size());
  p.scale = a.optional_floats("scale", m.channels);
  p.shift = a.optional_floats("shift", m.channels);
  if ((p.scale == nullptr) != (p.shift == nullptr)) a.fail("shift", "there with a scale, and only then");
  p.mean = a.writable_floats("mean", m.inner());
  p.greatest = a.writable_floats("greatest", m.inner());
  p.place = a.writable_floats("place", m.inner());
  p.of_channels = a.optional_floats("ofChannels", 2 * m.rows());
  p.channel = a.optional_floats("channel", m.rows());
  if ((p.of_channels == nullptr) != (p.channel == nullptr))
    a.fail("channel", "there with ofChannels, and only then");
  return p;
}

// Whether these whole numbers are from 0 to below `end`.
bool all_below(const float* values, size_t count, size_t end) {
  bool are = true;
  for (size_t i = 0; i < count; ++i) are &= values[i] >= 0 && values[i] < static_cast<float>(end);
  return are;
}

// A BatchNorm is there in full or not at all.
template <class Args>
void check_norm(Arguments& a, const Args& p) {
  const bool normalised = p.gamma != nullptr;
  for (const float* other :
       {p.mu, p.inverse_deviation, static_cast<const float*>(p.dgamma), static_cast<const float*>(p.dbeta)})
    if ((other != nullptr) != normalised)
      a.fail("gamma", "there with mu, inverseDeviation, dgamma and dbeta, and only then");
}

MapPoolsBackward read_pools_backward(Arguments& a) {
  const Map m = read_map(a);
  MapPoolsBackward p{};
  p.positions = m.positions;
  p.images = m.images;
  p.channels = m.channels;
  p.x = a.floats("x", m.size());
  p.mu = a.optional_floats("mu", m.channels);
  p.inverse_deviation = a.optional_floats("inverseDeviation", m.channels);
  p.gamma = a.optional_floats("gamma", m.channels);
  p.mean = a.floats("mean", m.inner());
  p.greatest = a.floats("greatest", m.inner());
  p.place = a.floats("place", m.inner());
  p.dmean = a.floats("dmean", m.inner());
  p.dgreatest = a.floats("dgreatest", m.inner());
  p.channel = a.optional_floats("channel", m.rows());
  p.d_of_channels = a.optional_floats("dOfChannels", 2 * m.rows());
  if ((p.channel == nullptr) != (p.d_of_channels == nullptr))
    a.fail("dOfChannels", "there with channel, and only then");
  p.dx = a.writable_floats("dx", m.size());
  p.dgamma = a.optional_floats("dgamma", m.channels);
  p.dbeta = a.optional_floats("dbeta", m.channels);
  check_norm(a, p);
  if (!all_below(p.place, m.inner(), m.positions)) a.fail("place", "positions of the map");
  if (p.channel != nullptr && !all_below(p.channel, m.rows(), m.channels))
    a.fail("channel", "channels of the map");
  return p;
}

MapProjection read_projection(Arguments& a) {
  const Map m = read_map(a);
  MapProjection p{};
  p.positions = m.positions;
  p.images = m.images;
  p.channels = m.channels;
  p.outputs = a.integer("outputs");
  p.x = a.floats("x", m.size());
  p.scale = a.optional_floats("scale", m.channels);
  p.shift = a.optional_floats("shift", m.channels);
  if ((p.scale == nullptr) != (p.shift == nullptr)) a.fail("shift", "there with a scale, and only then");
  p.filter = a.floats("filter", static_cast<size_t>(m.channels) * p.outputs);
  p.mean = a.writable_floats("mean", m.inner());
  p.y = a.writable_floats("y", m.rows() * p.outputs);
  return p;
}

MapProjectionBackward read_projection_backward(Arguments& a) {
  const Map m = read_map(a);
  MapProjectionBackward p{};
  p.positions = m.positions;
  p.images = m.images;
  p.channels = m.channels;
  p.outputs = a.integer("outputs");
  const size_t filter = static_cast<size_t>(m.channels) * p.outputs;
  p.x = a.floats("x", m.size());
  p.mu = a.optional_floats("mu", m.channels);
  p.inverse_deviation = a.optional_floats("inverseDeviation", m.channels);
  p.gamma = a.optional_floats("gamma", m.channels);
  p.beta = a.optional_floats("beta", m.channels);
  p.filter = a.floats("filter", filter);
  p.mean = a.floats("mean", m.inner());
  p.dmean = a.floats("dmean", m.inner());
  p.dy = a.floats("dy", m.rows() * p.outputs);
  p.dx = a.writable_floats("dx", m.size());
  p.dfilter = a.writable_floats("dfilter", filter);
  p.dgamma = a.optional_floats("dgamma", m.channels);
  p.dbeta = a.optional_floats("dbeta", m.channels);
  check_norm(a, p);
  if ((p.beta != nullptr) != (p.gamma != nullptr)) a.fail("beta", "there with gamma, and only then");
  return p;
}

FactorForm read_form(Arguments& a) {
  const int form = a.integer("form");
  if (form > static_cast<int>(FactorForm::kExcitation)) a.fail("form", "0 or 1");
  return static_cast<FactorForm>(form);
}

FactoredGate read_gate(Arguments& a) {
  const Map m = read_map(a);
  const FactorForm form = read_form(a);
  const float* x = a.floats("x", m.size());
  const float* of_positions = a.floats("ofPositions", m.rows());
  const float* of_channels = a.floats("ofChannels", m.inner());
  return {m.positions, m.images,     m.channels,  form,
          x,           of_positions, of_channels, a.writable_floats("y", m.size())};
}

FactoredGateBackward read_gate_backward(Arguments& a) {
  const Map m = read_map(a);
  FactoredGateBackward g{};
  g.positions = m.positions;
  g.images = m.images;
  g.channels = m.channels;
  g.form = read_form(a);
  g.dy = a.floats("dy", m.size());
  g.x = a.floats("x", m.size());
  g.of_positions = a.floats("ofPositions", m.rows());
  g.of_channels = a.floats("ofChannels", m.inner());
  g.dx = a.writable_floats("dx", m.size());
  g.d_of_positions = a.writable_floats("dOfPositions", m.rows());
  g.d_of_channels = a.writable_floats("dOfChannels", m.inner());
  return g;
}

DecoratorGate read_decorator(Arguments& a) {
  const size_t images = a.size("images");
  const int channels = a.integer("channels");
  const size_t size = images * channels;
  const float* pools = a.floats("pools", 2 * size);
  const float* weights = a.floats("weights", 3 * static_cast<size_t>(channels));
  const float* biases = a.floats("biases", 3 * static_cast<size_t>(channels));
  return {images, channels, pools, weights, biases, a.writable_floats("y", size)};
}

DecoratorGateBackward read_decorator_backward(Arguments& a) {
  DecoratorGateBackward g{};
  g.images = a.size("images");
  g.channels = a.integer("channels");
  const size_t size = g.images * g.channels, parameters = 3 * static_cast<size_t>(g.channels);
  g.dy = a.floats("dy", size);
  g.pools = a.floats("pools", 2 * size);
  g.weights = a.floats("weights", parameters);
  g.biases = a.floats("biases", parameters);
  g.dpools = a.writable_floats("dpools", 2 * size);
  g.dweights = a.writable_floats("dweights", parameters);
  g.dbiases = a.writable_floats("dbiases", parameters);
  return g;
}

// Fills the sizes that a dilated convolution and its gradient share.
template <class Args>
void read_sizes(Arguments& a, Args& d) {
  d.height = a.integer("height");
  d.width = a.integer("width");
  d.images = a.integer("images");
  d.inputs = a.integer("inputs");
  d.outputs = a.integer("outputs");
  d.window = a.integer("window");
  if (d.window % 2 == 0) a.fail("window", "odd");
  d.dilation = a.integer("dilation");
}

DilatedConv read_dilated(Arguments& a) {
  DilatedConv d{};
  read_sizes(a, d);
  d.transposed = a.flag("transposed");
  const size_t rows = static_cast<size_t>(d.height) * d.width * d.images;
  d.x = a.floats("x", rows * d.inputs);
  d.filter = a.floats("filter", d.taps() * d.inputs * d.outputs);
  d.y = a.writable_floats("y", rows * d.outputs);
  return d;
}

DilatedConvBackwardFilter read_dilated_backward_filter(Arguments& a) {
  DilatedConvBackwardFilter d{};
  read_sizes(a, d);
  const size_t rows = static_cast<size_t>(d.height) * d.width * d.images;
  d.x = a.floats("x", rows * d.inputs);
  d.dy = a.floats("dy", rows * d.outputs);
  d.dfilter = a.writable_floats("dfilter", d.taps() * d.inputs * d.outputs);
  return d;
}

}  // namespace

void define_attention_kernels(Napi::Env env, Napi::Object exports) {
  define_kernel(env, exports, read_pools);
  define_kernel(env, exports, read_pools_backward);
  define_kernel(env, exports, read_projection);
  define_kernel(env, exports, read_projection_backward);
  define_kernel(env, exports, read_gate);
  define_kernel(env, exports, read_gate_backward);
  define_kernel(env, exports, read_decorator);
  define_kernel(env, exports, read_decorator_backward);
  define_kernel(env, exports, read_dilated);
  define_kernel(env, exports, read_dilated_backward_filter);
}

}  // namespace bnn
