// The gate of a block, gate = σ(hidden · excite), hidden = ReLU(m · squeeze), on matrix products.
#pragma once

#include <cmath>

#include "dispatch.h"
#include "kernels.h"

namespace bnn::sequences {
namespace {

struct GateShape {
  int pictures, inputs, hidden, outputs;

  size_t hidden_size() const { return static_cast<size_t>(pictures) * hidden; }
  size_t gate_size() const { return static_cast<size_t>(pictures) * outputs; }
};

inline void squeeze_excite(const GateShape& g, const float* m, const float* squeeze, const float* excite,
                           float* hidden, float* gate) {
  bnn::run(MatMul{1, g.pictures, g.hidden, g.inputs, false, false, false, false, m, squeeze, hidden});
  for (size_t i = 0; i < g.hidden_size(); ++i)
    if (!(hidden[i] > 0)) hidden[i] = 0;
  bnn::run(MatMul{1, g.pictures, g.outputs, g.hidden, false, false, false, false, hidden, excite, gate});
  for (size_t i = 0; i < g.gate_size(); ++i) gate[i] = 1 / (1 + std::exp(-gate[i]));
}

// dgate [pictures, outputs] becomes the gradient before σ; dhidden is scratch of hidden_size().
inline void squeeze_excite_backward(const GateShape& g, const float* m, const float* squeeze,
                                    const float* excite, const float* hidden, const float* gate, float* dgate,
                                    float* dhidden, float* dsqueeze, float* dexcite, float* dm) {
  for (size_t i = 0; i < g.gate_size(); ++i) dgate[i] *= gate[i] * (1 - gate[i]);
  bnn::run(MatMul{1, g.hidden, g.outputs, g.pictures, true, false, false, false, hidden, dgate, dexcite});
  bnn::run(MatMul{1, g.pictures, g.hidden, g.outputs, false, true, false, false, dgate, excite, dhidden});
  for (size_t i = 0; i < g.hidden_size(); ++i)
    if (!(hidden[i] > 0)) dhidden[i] = 0;
  bnn::run(MatMul{1, g.inputs, g.hidden, g.pictures, true, false, false, false, m, dhidden, dsqueeze});
  bnn::run(MatMul{1, g.pictures, g.inputs, g.hidden, false, true, false, false, dhidden, squeeze, dm});
}

}  // namespace
}  // namespace bnn::sequences
