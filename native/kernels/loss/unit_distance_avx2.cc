#include <cmath>

#include "implementations.h"
#include "kernels/lanes_avx2.h"
#include "parallel.h"

namespace bnn::avx2 {
namespace {

// Squares are summed in float within a block and the blocks in double, so that the error does not grow with
// the length of the row.
constexpr size_t kBlock = 512;
constexpr size_t kChains = 4;

double total(__m256d v) {
  alignas(32) double values[4];
  _mm256_store_pd(values, v);
  return (values[0] + values[1]) + (values[2] + values[3]);
}

// Σ value(lanes, i)² over [0, size), eight values at a time. Lanes that are off must give 0.
template <class Value>
double sum_of_squares(size_t size, const Value& value) {
  __m256d sum = _mm256_setzero_pd();
  for (size_t first = 0; first < size; first += kBlock) {
    const size_t last = std::min(size, first + kBlock);
    __m256 run[kChains];
    for (__m256& chain : run) chain = _mm256_setzero_ps();
    size_t i = first;
    for (; i + kChains * kLanes <= last; i += kChains * kLanes)
      for (size_t chain = 0; chain < kChains; ++chain) {
        const __m256 v = value(FullLanes{}, i + chain * kLanes);
        run[chain] = _mm256_fmadd_ps(v, v, run[chain]);
      }
    for_vectors(last - i, [&](auto lanes, size_t column) {
      const __m256 v = value(lanes, i + column);
      run[0] = _mm256_fmadd_ps(v, v, run[0]);
    });
    const __m256 block = _mm256_add_ps(_mm256_add_ps(run[0], run[1]), _mm256_add_ps(run[2], run[3]));
    sum = _mm256_add_pd(sum, _mm256_add_pd(_mm256_cvtps_pd(_mm256_castps256_ps128(block)),
                                           _mm256_cvtps_pd(_mm256_extractf128_ps(block, 1))));
  }
  return total(sum);
}

double norm(const float* row, size_t size) {
  return std::sqrt(sum_of_squares(size, [&](auto lanes, size_t i) { return lanes.load(row + i); }));
}

// a/‖a‖ − b/‖b‖. Each product is rounded before the subtraction, so that equal rows differ by exactly 0.
class Difference {
 public:
  Difference(const float* a, const float* b, float length_a, float length_b)
      : a_(a), b_(b), inverse_a_(_mm256_set1_ps(1 / length_a)), inverse_b_(_mm256_set1_ps(1 / length_b)) {}

  template <class Lanes>
  __m256 operator()(const Lanes& lanes, size_t i) const {
    return _mm256_sub_ps(_mm256_mul_ps(lanes.load(a_ + i), inverse_a_),
                         _mm256_mul_ps(lanes.load(b_ + i), inverse_b_));
  }

 private:
  const float* a_;
  const float* b_;
  __m256 inverse_a_, inverse_b_;
};

}  // namespace

void unit_distance_avx2(const UnitDistance& k) {
  parallel_for(static_cast<int64_t>(k.rows), [&](int64_t row) {
    const float* a = k.a + row * k.size;
    const float* b = k.b + row * k.size;
    const double norm_a = norm(a, k.size);
    const double norm_b = norm(b, k.size);
    const double length_a = std::max(norm_a, kZeroNorm);
    const double length_b = std::max(norm_b, kZeroNorm);
    float* statistics = k.statistics + row * 4;
    statistics[0] = static_cast<float>(length_a);
    statistics[1] = static_cast<float>(length_b);
    const double squared = sum_of_squares(k.size, Difference(a, b, statistics[0], statistics[1]));
    k.value[row] = static_cast<float>(squared);
    // u·d = (‖d‖² + ‖u‖² − ‖v‖²) / 2, which saves a sum. ‖u‖ is 1 wherever a has a gradient.
    const double unit_b = norm_b / length_b;
    const double along = (squared + 1 - unit_b * unit_b) / 2;
    const bool pulls = norm_a > kZeroNorm;
    statistics[2] = static_cast<float>(pulls ? 2 / length_a : 0);
    statistics[3] = static_cast<float>(pulls ? along / length_a : 0);
  });
}

void unit_distance_backward_avx2(const UnitDistanceBackward& k) {
  parallel_for(static_cast<int64_t>(k.rows), [&](int64_t row) {
    const float* a = k.a + row * k.size;
    float* da = k.da + row * k.size;
    const float* statistics = k.statistics + row * 4;
    const Difference difference(a, k.b + row * k.size, statistics[0], statistics[1]);
    const __m256 factor = _mm256_set1_ps(k.dy[row] * statistics[2]);
    const __m256 projection = _mm256_set1_ps(statistics[3]);
    for_vectors(k.size, [&](auto lanes, size_t i) {
      const __m256 turned = _mm256_fnmadd_ps(lanes.load(a + i), projection, difference(lanes, i));
      lanes.store(da + i, _mm256_mul_ps(factor, turned));
    });
  });
}

}  // namespace bnn::avx2
