#include <cmath>

#include "implementations.h"

namespace bnn::reference {

void elementwise_reference(const Elementwise& a) {
  for (size_t i = 0; i < a.size; ++i) {
    const float x = a.x[i];
    const float y = a.y[a.y_period == 0 ? i : i % a.y_period];
    switch (a.operation) {
      case Binary::kAdd:
        a.out[i] = x + y;
        break;
      case Binary::kSubtract:
        a.out[i] = x - y;
        break;
      case Binary::kMultiply:
        a.out[i] = x * y;
        break;
      case Binary::kDivide:
        a.out[i] = x / y;
        break;
      case Binary::kMaximum:
        a.out[i] = x > y || x != x ? x : y;
        break;
      case Binary::kMinimum:
        a.out[i] = x < y || x != x ? x : y;
        break;
    }
  }
}

void softmax_reference(const Softmax& a) {
  for (size_t row = 0; row < a.rows; ++row) {
    const float* x = a.x + row * a.classes;
    float* y = a.y + row * a.classes;
    float largest = x[0];
    for (int k = 1; k < a.classes; ++k)
      if (x[k] > largest) largest = x[k];
    double sum = 0;
    for (int k = 0; k < a.classes; ++k) sum += std::exp(static_cast<double>(x[k]) - largest);
    for (int k = 0; k < a.classes; ++k) {
      const double shifted = static_cast<double>(x[k]) - largest;
      y[k] = static_cast<float>(a.logarithm ? shifted - std::log(sum) : std::exp(shifted) / sum);
    }
  }
}

void sign_slope_reference(const SignSlope& a) {
  for (size_t i = 0; i < a.size; ++i) {
    const double v = a.v[i];
    if (a.t > 0) {
      const double root = 1 / std::cosh(a.t * v);  // 1 − tanh² would cancel
      a.out[i] = static_cast<float>(a.dy[i] * (a.t > 1 ? a.t : 1) * root * root);
    } else {
      a.out[i] = std::abs(v) <= 1 ? static_cast<float>(a.dy[i] * (2 - 2 * std::abs(v))) : 0;
    }
  }
}

void sigmoid_reference(const Sigmoid& a) {
  for (size_t i = 0; i < a.size; ++i)
    a.y[i] = static_cast<float>(1 / (1 + std::exp(-static_cast<double>(a.x[i]))));
}

void sigmoid_backward_reference(const SigmoidBackward& a) {
  for (size_t i = 0; i < a.size; ++i) a.dx[i] = a.dy[i] * (a.y[i] * (1 - a.y[i]));
}

void adam_step_reference(const AdamStep& a) {
  const double correction1 = 1 - std::pow(static_cast<double>(a.beta1), static_cast<double>(a.step));
  const double correction2 = 1 - std::pow(static_cast<double>(a.beta2), static_cast<double>(a.step));
  for (size_t i = 0; i < a.size; ++i) {
    const double g = a.gradient[i] + static_cast<double>(a.weight_decay) * a.w[i];
    const double m = a.beta1 * static_cast<double>(a.m[i]) + (1 - static_cast<double>(a.beta1)) * g;
    const double v = a.beta2 * static_cast<double>(a.v[i]) + (1 - static_cast<double>(a.beta2)) * g * g;
    double w = a.w[i] - a.lr * (m / correction1) / (std::sqrt(v / correction2) + a.epsilon);
    if (a.clip > 0) w = w > a.clip ? a.clip : w < -a.clip ? -a.clip : w;
    a.m[i] = static_cast<float>(m);
    a.v[i] = static_cast<float>(v);
    a.w[i] = static_cast<float>(w);
  }
}

}  // namespace bnn::reference
