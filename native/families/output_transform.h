// What becomes of the sums of a binary convolution.
#pragma once

#include "families/conv_shape.h"

namespace bnn {

// For the sum of an output position, image n and output channel k:
//   z = scale[k] · gate[n, k] · sum
//   y = prelu(z) + prelu(residual)
// prelu(v) = v where v > 0, slope[k] · v elsewhere, with a slope of its own for z and for the residual. Only
// the scale must be there: without a gate its factor is 1, without a slope its PReLU is the identity, and
// without a residual nothing is added.
struct OutputTransform {
  const float* scale;
  const float* gate = nullptr;
  const float* sum_slope = nullptr;
  const float* residual = nullptr;  // of the shape of y
  const float* residual_slope = nullptr;

  // All of it, as fields of a kernel with this shape.
  template <class Fields>
  void fields(Fields& f, const ConvShape& shape) {
    factor_fields(f, shape);
    f.input_or_null("residual", residual, shape.output());
    f.input_or_null("residualSlope", residual_slope, {shape.k});
    f.require("residualSlope", residual_slope == nullptr || residual != nullptr, "null without a residual");
  }

  // What z depends on, and its slope.
  template <class Fields>
  void factor_fields(Fields& f, const ConvShape& shape) {
    f.input("scale", scale, {shape.k});
    f.input_or_null("gate", gate, {shape.n, shape.k});
    f.input_or_null("sumSlope", sum_slope, {shape.k});
  }
};

}  // namespace bnn
