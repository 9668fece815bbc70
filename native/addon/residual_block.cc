#include "addon/arguments.h"

namespace bnn {
namespace {

// What a gate takes and made, of either direction; false where there is none.
template <class Residual>
bool read_gate(Arguments& a, Residual& r) {
  const ConvShape& s = r.shape;
  r.hidden = a.optional_integer("hidden");
  if (r.hidden == 0) return false;
  r.squeeze = a.floats("squeeze", static_cast<size_t>(s.c) * r.hidden);
  r.excite = a.floats("excite", static_cast<size_t>(r.hidden) * s.k);
  r.map_mean = a.writable_floats("mapMean", static_cast<size_t>(s.n) * s.c);
  r.hidden_values = a.writable_floats("hiddenValues", static_cast<size_t>(s.n) * r.hidden);
  r.gate = a.writable_floats("gate", static_cast<size_t>(s.n) * s.k);
  return true;
}

BinaryResidualForward read_forward(Arguments& a) {
  BinaryResidualForward r{};
  r.shape = a.shape();
  const ConvShape& s = r.shape;
  r.epsilon = static_cast<float>(a.number("epsilon"));
  r.adds_input = a.flag("addsInput");
  r.v = a.floats("v", s.input_size());
  r.slope = a.optional_floats("slope", s.c);
  r.sum_slope = a.optional_floats("sumSlope", s.k);
  r.gamma = a.floats("gamma", s.c);
  r.beta = a.floats("beta", s.c);
  r.mean = a.floats("mean", s.c);
  r.variance = a.floats("variance", s.c);
  r.latent = a.floats("latent", s.filter_size());
  r.residual = a.optional_floats("residual", s.output_size());
  if (r.adds_input && r.residual != nullptr) a.fail("residual", "null with addsInput");
  if (r.adds_input && s.output_size() != s.input_size()) a.fail("addsInput", "false where the shape changes");
  r.sign = a.words("sign", packed_input(s));
  r.mask = a.words("mask", packed_input(s));
  r.filter_sign = a.words("filterSign", packed_filter(s));
  r.scale = a.writable_floats("scale", s.k);
  r.y = a.writable_floats("y", s.output_size());
  read_gate(a, r);
  return r;
}

BinaryResidualBackward read_backward(Arguments& a) {
  BinaryResidualBackward r{};
  r.shape = a.shape();
  const ConvShape& s = r.shape;
  r.epsilon = static_cast<float>(a.number("epsilon"));
  r.adds_dy = a.flag("addsDy");
  if (r.adds_dy && s.output_size() != s.input_size()) a.fail("addsDy", "false where the shape changes");
  r.dy = a.floats("dy", s.output_size());
  r.v = a.floats("v", s.input_size());
  r.slope = a.optional_floats("slope", s.c);
  r.sum_slope = a.optional_floats("sumSlope", s.k);
  r.gamma = a.floats("gamma", s.c);
  r.mean = a.floats("mean", s.c);
  r.variance = a.floats("variance", s.c);
  r.latent = a.floats("latent", s.filter_size());
  r.scale = a.floats("scale", s.k);
  r.sign = a.words("sign", packed_input(s));
  r.mask = a.words("mask", packed_input(s));
  r.filter_sign = a.words("filterSign", packed_filter(s));
  r.dv = a.writable_floats("dv", s.input_size());
  r.dgamma = a.writable_floats("dgamma", s.c);
  r.dbeta = a.writable_floats("dbeta", s.c);
  r.dslope = a.optional_floats("dslope", s.c);
  if ((r.slope == nullptr) != (r.dslope == nullptr)) a.fail("dslope", "there with a slope, and only then");
  r.dsum_slope = a.optional_floats("dsumSlope", s.k);
  r.dz = a.optional_floats("dz", s.output_size());
  if ((r.sum_slope == nullptr) != (r.dsum_slope == nullptr) || (r.sum_slope == nullptr) != (r.dz == nullptr))
    a.fail("dz", "there, as dsumSlope, with a sumSlope, and only then");
  r.dw = a.writable_floats("dw", s.filter_size());
  if (!read_gate(a, r)) return r;
  r.dsqueeze = a.writable_floats("dsqueeze", static_cast<size_t>(s.c) * r.hidden);
  r.dexcite = a.writable_floats("dexcite", static_cast<size_t>(r.hidden) * s.k);
  return r;
}

}  // namespace

void define_residual_block_kernels(Napi::Env env, Napi::Object exports) {
  define_kernel(env, exports, read_forward);
  define_kernel(env, exports, read_backward);
}

}  // namespace bnn
