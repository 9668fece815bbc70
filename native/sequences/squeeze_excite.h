// The gate of a block: gate = σ(hidden · excite), hidden = ReLU(m · squeeze).
#pragma once

#include <cmath>

#include "dispatch.h"
#include "kernels.h"

namespace bnn::sequences {
namespace {

struct GateShape {
  int images, inputs, hidden, outputs;

  size_t hidden_size() const { return static_cast<size_t>(images) * hidden; }
  size_t gate_size() const { return static_cast<size_t>(images) * outputs; }
};

inline void squeeze_excite(const GateShape& g, const float* m, const float* squeeze, const float* excite,
                           float* hidden, float* gate) {
  bnn::run(MatMul{1, g.images, g.hidden, g.inputs, false, false, false, false, m, squeeze, hidden});
  for (size_t i = 0; i < g.hidden_size(); ++i)
    if (!(hidden[i] > 0)) hidden[i] = 0;
  bnn::run(MatMul{1, g.images, g.outputs, g.hidden, false, false, false, false, hidden, excite, gate});
  for (size_t i = 0; i < g.gate_size(); ++i) gate[i] = 1 / (1 + std::exp(-gate[i]));
}

// dgate [images, outputs] becomes the gradient before σ. dhidden is scratch memory of hidden_size() floats.
inline void squeeze_excite_backward(const GateShape& g, const float* m, const float* squeeze,
                                    const float* excite, const float* hidden, const float* gate, float* dgate,
                                    float* dhidden, float* dsqueeze, float* dexcite, float* dm) {
  for (size_t i = 0; i < g.gate_size(); ++i) dgate[i] *= gate[i] * (1 - gate[i]);
  bnn::run(MatMul{1, g.hidden, g.outputs, g.images, true, false, false, false, hidden, dgate, dexcite});
  bnn::run(MatMul{1, g.images, g.hidden, g.outputs, false, true, false, false, dgate, excite, dhidden});
  for (size_t i = 0; i < g.hidden_size(); ++i)
    if (!(hidden[i] > 0)) dhidden[i] = 0;
  bnn::run(MatMul{1, g.inputs, g.hidden, g.images, true, false, false, false, m, dhidden, dsqueeze});
  bnn::run(MatMul{1, g.images, g.inputs, g.hidden, false, true, false, false, dhidden, squeeze, dm});
}

}  // namespace
}  // namespace bnn::sequences
