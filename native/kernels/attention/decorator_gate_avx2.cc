#include "implementations.h"
#include "kernels/attention/rows_avx2.h"
#include "kernels/exponential_avx2.h"
#include "scratch.h"

namespace bnn::avx2 {
namespace {

// share = softmax(row)
void shares_of(const float* row, size_t channels, float* share) {
  const float largest = *std::max_element(row, row + channels);
  __m256 sums = _mm256_setzero_ps();
  for_vectors(channels, [&](auto lanes, size_t c) {
    const __m256 e = lanes.keep(exponential(_mm256_sub_ps(lanes.load(row + c), _mm256_set1_ps(largest))));
    lanes.store(share + c, e);
    sums = _mm256_add_ps(sums, e);
  });
  const __m256 by = _mm256_set1_ps(1 / total(sums));
  for_vectors(channels, [&](auto lanes, size_t c) {
    lanes.store(share + c, _mm256_mul_ps(lanes.load(share + c), by));
  });
}

// The gate of eight channels and what it is made of, with the names of the formula.
struct Decorated {
  __m256 w[3], a, b, share, u, v, outer;

  template <class Lanes, class Args>
  Decorated(const Lanes& lanes, const Args& args, size_t n, size_t c, const float* shares) {
    const size_t channels = args.channels;
    __m256 bias[3];
    for (size_t i = 0; i < 3; ++i) {
      w[i] = lanes.load(args.weights + i * channels + c);
      bias[i] = lanes.load(args.biases + i * channels + c);
    }
    a = lanes.load(args.pools + n * channels + c);
    b = lanes.load(args.pools + (args.images + n) * channels + c);
    share = lanes.load(shares + c);
    u = hyperbolic_tangent(_mm256_fmadd_ps(_mm256_mul_ps(w[0], a), share, bias[0]));
    v = hyperbolic_tangent(_mm256_fmadd_ps(_mm256_mul_ps(w[1], b), share, bias[1]));
    outer = hyperbolic_tangent(_mm256_fmadd_ps(_mm256_mul_ps(w[2], v), u, bias[2]));
  }
};

__m256 times_slope(__m256 gradient, __m256 tangent) {
  return _mm256_mul_ps(gradient, _mm256_fnmadd_ps(tangent, tangent, _mm256_set1_ps(1)));
}

}  // namespace

void decorator_gate_avx2(const DecoratorGate& a) {
  const size_t channels = a.channels;
  for_image_blocks(a.images, channels, [&](size_t first, size_t images) {
    Scratch scratch;
    float* shares = scratch.take<float>(channels);
    for (size_t n = first; n < first + images; ++n) {
      shares_of(a.pools + n * channels, channels, shares);
      for_vectors(channels, [&](auto lanes, size_t c) {
        const Decorated d(lanes, a, n, c, shares);
        lanes.store(a.y + n * channels + c, _mm256_add_ps(_mm256_set1_ps(1), d.outer));
      });
    }
  });
}

void decorator_gate_backward_avx2(const DecoratorGateBackward& a) {
  const size_t channels = a.channels;
  const Blocks blocks = image_blocks(a.images, channels);
  // One partial result for each block of images: the rows of the three weights, then those of the three
  // biases.
  const size_t padded = round_up_to_lanes(channels), memory = 6 * padded;
  Scratch scratch;
  double* partials = scratch.take<double>(blocks.count, memory);
  parallel_for(static_cast<int64_t>(blocks.count), [&](int64_t block) {
    Scratch task_scratch;
    RunningSums sums(partials + block * memory, memory, task_scratch);
    float* shares = task_scratch.take<float>(channels);
    float* of_share = task_scratch.take<float>(channels);
    for (size_t n = blocks.start(block); n < blocks.start(block) + blocks.width_of(block); ++n) {
      shares_of(a.pools + n * channels, channels, shares);
      float* of_average = a.dpools + n * channels;
      float* of_greatest = a.dpools + (a.images + n) * channels;
      __m256 together = _mm256_setzero_ps();
      for_vectors(channels, [&](auto lanes, size_t c) {
        const Decorated d(lanes, a, n, c, shares);
        __m256 z[3];
        z[2] = times_slope(lanes.load(a.dy + n * channels + c), d.outer);
        const __m256 inner = _mm256_mul_ps(z[2], d.w[2]);
        z[0] = times_slope(_mm256_mul_ps(inner, d.v), d.u);
        z[1] = times_slope(_mm256_mul_ps(inner, d.u), d.v);
        const __m256 inputs[3] = {_mm256_mul_ps(d.a, d.share), _mm256_mul_ps(d.b, d.share),
                                  _mm256_mul_ps(d.v, d.u)};
        for (size_t i = 0; i < 3; ++i) {
          sums.add(i * padded + c, lanes.keep(_mm256_mul_ps(z[i], inputs[i])));
          sums.add((3 + i) * padded + c, lanes.keep(z[i]));
        }
        const __m256 to_average = _mm256_mul_ps(z[0], d.w[0]), to_greatest = _mm256_mul_ps(z[1], d.w[1]);
        lanes.store(of_average + c, _mm256_mul_ps(to_average, d.share));
        lanes.store(of_greatest + c, _mm256_mul_ps(to_greatest, d.share));
        const __m256 to_share = _mm256_fmadd_ps(to_average, d.a, _mm256_mul_ps(to_greatest, d.b));
        lanes.store(of_share + c, to_share);
        together = _mm256_fmadd_ps(to_share, d.share, together);
      });
      const __m256 level = _mm256_set1_ps(total(together));
      for_vectors(channels, [&](auto lanes, size_t c) {
        const __m256 by_share =
            _mm256_mul_ps(lanes.load(shares + c), _mm256_sub_ps(lanes.load(of_share + c), level));
        lanes.store(of_average + c, _mm256_add_ps(lanes.load(of_average + c), by_share));
      });
      sums.close_run();
    }
  });
  for (size_t i = 0; i < 3; ++i)
    for (size_t c = 0; c < channels; ++c) {
      double weight = 0, bias = 0;
      for (size_t block = 0; block < blocks.count; ++block) {
        const double* sums = partials + block * memory;
        weight += sums[i * padded + c];
        bias += sums[(3 + i) * padded + c];
      }
      a.dweights[i * channels + c] = static_cast<float>(weight);
      a.dbiases[i * channels + c] = static_cast<float>(bias);
    }
}

}  // namespace bnn::avx2
