// Each channel is copied to a plane of its own with zeros around it. There the inputs of an output row are
// contiguous for all images, whatever the tap, so that vectors go along positions and images instead of along
// the few channels.
#include "implementations.h"
#include "kernels/attention/rows_avx2.h"
#include "scratch.h"

namespace bnn::avx2 {
namespace {

// The planes of [height, width, images, channels].
struct Planes {
  size_t row;    // floats of a row
  size_t plane;  // floats of a channel
  const float* data;

  const float* at(size_t channel, size_t y) const { return data + channel * plane + y * row; }
};

Planes planes_of(const float* x, size_t height, size_t width, size_t images, size_t channels, size_t margin,
                 Scratch& scratch) {
  const size_t row = (width + 2 * margin) * images, rows = height + 2 * margin;
  float* data = scratch.take<float>(channels, rows, row);
  parallel_for(static_cast<int64_t>(rows), [&](int64_t y) {
    const bool is_inside = static_cast<size_t>(y) >= margin && static_cast<size_t>(y) < margin + height;
    for (size_t c = 0; c < channels; ++c) {
      float* to = data + (c * rows + y) * row;
      if (!is_inside) {
        std::fill(to, to + row, 0.0f);
        continue;
      }
      const size_t edge = margin * images, run = width * images;
      std::fill(to, to + edge, 0.0f);
      const float* from = x + (y - margin) * run * channels + c;
      for (size_t i = 0; i < run; ++i) to[edge + i] = from[i * channels];
      std::fill(to + edge + run, to + row, 0.0f);
    }
  });
  return {row, rows * row, data};
}

constexpr size_t kVectors = 4;

float dot(const float* a, const float* b, size_t count) {
  __m256 sums[kVectors] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(),
                           _mm256_setzero_ps()};
  size_t i = 0;
  for (; i + kVectors * kLanes <= count; i += kVectors * kLanes)
    for (size_t v = 0; v < kVectors; ++v)
      sums[v] =
          _mm256_fmadd_ps(_mm256_loadu_ps(a + i + v * kLanes), _mm256_loadu_ps(b + i + v * kLanes), sums[v]);
  for_vectors(count - i, [&](auto lanes, size_t at) {
    sums[0] = _mm256_fmadd_ps(lanes.load(a + i + at), lanes.load(b + i + at), sums[0]);
  });
  return total(_mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3])));
}

}  // namespace

void dilated_conv_avx2(const DilatedConv& a) {
  const size_t inputs = a.inputs, outputs = a.outputs, images = a.images, margin = a.margin(),
               taps = a.taps();
  const size_t window = a.window, dilation = a.dilation, length = a.width * images;
  Scratch scratch;
  const Planes x = planes_of(a.x, a.height, a.width, images, inputs, margin, scratch);
  // The weights in the order of their use: [outputs][inputs][taps].
  float* weights = scratch.take<float>(outputs, inputs, taps);
  for (size_t k = 0; k < outputs; ++k)
    for (size_t c = 0; c < inputs; ++c)
      for (size_t tap = 0; tap < taps; ++tap)
        weights[(k * inputs + c) * taps + tap] = a.transposed
                                                     ? a.filter[((taps - 1 - tap) * outputs + k) * inputs + c]
                                                     : a.filter[(tap * inputs + c) * outputs + k];
  parallel_for(a.height, [&](int64_t y) {
    float* const out = a.y + y * length * outputs;
    Scratch task_scratch;
    float* const plane = outputs == 1 ? out : task_scratch.take<float>(length);
    for (size_t k = 0; k < outputs; ++k) {
      const auto sum_into = [&](auto lanes, size_t i, auto vectors) {
        constexpr size_t count = decltype(vectors)::value;
        __m256 sums[count];
        for (size_t v = 0; v < count; ++v) sums[v] = _mm256_setzero_ps();
        const float* weight = weights + k * inputs * taps;
        for (size_t c = 0; c < inputs; ++c)
          for (size_t ky = 0; ky < window; ++ky) {
            const float* from = x.at(c, y + ky * dilation) + i;
            for (size_t kx = 0; kx < window; ++kx, from += dilation * images) {
              const __m256 w = _mm256_broadcast_ss(weight++);
              for (size_t v = 0; v < count; ++v)
                sums[v] = _mm256_fmadd_ps(w, lanes.load(from + v * kLanes), sums[v]);
            }
          }
        for (size_t v = 0; v < count; ++v) lanes.store(plane + i + v * kLanes, sums[v]);
      };
      size_t i = 0;
      for (; i + kVectors * kLanes <= length; i += kVectors * kLanes)
        sum_into(FullLanes{}, i, std::integral_constant<size_t, kVectors>{});
      for_vectors(length - i, [&](auto lanes, size_t at) {
        sum_into(lanes, i + at, std::integral_constant<size_t, 1>{});
      });
      for (size_t at = 0; outputs > 1 && at < length; ++at) out[at * outputs + k] = plane[at];
    }
  });
}

void dilated_conv_backward_filter_avx2(const DilatedConvBackwardFilter& a) {
  const size_t inputs = a.inputs, outputs = a.outputs, images = a.images, taps = a.taps(), window = a.window;
  const size_t length = a.width * images, height = a.height, step = a.dilation * images;
  Scratch scratch;
  const Planes x = planes_of(a.x, height, a.width, images, inputs, a.margin(), scratch);
  const Planes dy =
      outputs == 1 ? Planes{length, 0, a.dy} : planes_of(a.dy, height, a.width, images, outputs, 0, scratch);
  const size_t size = taps * inputs * outputs;
  // One partial result for each output row.
  double* partials = scratch.take<double>(height, size);
  parallel_for(static_cast<int64_t>(height), [&](int64_t y) {
    double* to = partials + y * size;
    for (size_t tap = 0; tap < taps; ++tap)
      for (size_t c = 0; c < inputs; ++c)
        for (size_t k = 0; k < outputs; ++k)
          *to++ = dot(x.at(c, y + tap / window * a.dilation) + tap % window * step, dy.at(k, y), length);
  });
  for (size_t i = 0; i < size; ++i) {
    double sum = 0;
    for (size_t y = 0; y < height; ++y) sum += partials[y * size + i];
    a.dfilter[i] = static_cast<float>(sum);
  }
}

}  // namespace bnn::avx2
