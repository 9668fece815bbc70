#include "addon/arguments.h"

namespace bnn {
namespace {

constexpr size_t kStatistics = 4;

UnitDistance read_unit_distance(Arguments& a) {
  const size_t rows = a.size("rows");
  const size_t size = a.size("size");
  const float* first = a.floats("a", rows * size);
  const float* second = a.floats("b", rows * size);
  float* value = a.writable_floats("value", rows);
  return {rows, size, first, second, value, a.writable_floats("statistics", rows * kStatistics)};
}

UnitDistanceBackward read_unit_distance_backward(Arguments& a) {
  const size_t rows = a.size("rows");
  const size_t size = a.size("size");
  const float* dy = a.floats("dy", rows);
  const float* first = a.floats("a", rows * size);
  const float* second = a.floats("b", rows * size);
  const float* statistics = a.floats("statistics", rows * kStatistics);
  return {rows, size, dy, first, second, statistics, a.writable_floats("da", rows * size)};
}

}  // namespace

void define_loss_kernels(Napi::Env env, Napi::Object exports) {
  define_kernel(env, exports, read_unit_distance);
  define_kernel(env, exports, read_unit_distance_backward);
}

}  // namespace bnn
