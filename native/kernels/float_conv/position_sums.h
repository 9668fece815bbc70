// The forward convolution and the gradient to its input are the same sum: each target position is a matrix of
// n rows, and is the sum over its taps of the matrix at the source position times the matrix of the tap.
#pragma once

#include "kernels.h"
#include "kernels/float_conv/gemm.h"
#include "reference/conv_taps.h"
#include "scratch.h"

namespace bnn {
namespace {

struct TapSource {
  int tap;
  size_t source;
};

// target[position] (n × width) = Σ over taps of source (n × depth) · packed filter[tap] (depth × width)
struct PositionSums {
  int target_h, target_w, n, taps, depth, width;
  const float* source;
  const float* packed;  // [panel][tap][depth][kPanel]
  float* target;
};

// Packs filter [tap][c][k] into panels of k columns and c rows, or with kTransposed of c columns and k rows.
template <class Kernel, bool kTransposed>
inline const float* pack_filter(const float* w, int taps, int c, int k, Scratch& scratch) {
  constexpr int kPanel = Kernel::kPanel;
  const int depth = kTransposed ? k : c;
  const int width = kTransposed ? c : k;
  const int panels = divide_up(width, kPanel);
  float* const packed = scratch.take<float>(panels, taps, depth, kPanel);
  parallel_for(static_cast<int64_t>(panels) * taps, [&](int64_t task) {
    const int panel = static_cast<int>(task / taps);
    const float* const from = w + (task % taps) * c * k;
    float* const to = packed + task * depth * kPanel;
    if (kTransposed)
      pack_panel_transposed<Kernel>(from, k, depth, panel * kPanel, width, to);
    else
      pack_panel<Kernel>(from, k, depth, panel * kPanel, width, to);
  });
  return packed;
}

// Sums a run of neighbouring positions that have the same taps. Their rows are contiguous in source and
// target.
template <class Kernel>
inline void sum_run(const PositionSums& s, const TapSource* list, int count, int64_t position, int run,
                    int first_panel, int last_panel) {
  constexpr int kPanel = Kernel::kPanel;
  constexpr int kChain = Kernel::kChain;
  const int rows = run * s.n;
  float* const target = s.target + position * s.n * s.width;
  if (count == 0) {
    const int from = first_panel * kPanel;
    const int to = last_panel * kPanel < s.width ? last_panel * kPanel : s.width;
    for (int row = 0; row < rows; ++row)
      std::memset(target + static_cast<size_t>(row) * s.width + from, 0, (to - from) * sizeof(float));
    return;
  }

  const int pieces = divide_up(s.depth, kChain);
  const int piece = divide_up(s.depth, pieces);
  Scratch scratch;
  Segment* const segments = scratch.take<Segment>(count, pieces);
  int total = 0;
  for (int i = 0; i < count; ++i)
    for (int from = 0; from < s.depth; from += piece)
      segments[total++] = {s.source + list[i].source * s.n * s.depth + from,
                           s.packed + (static_cast<size_t>(list[i].tap) * s.depth + from) * kPanel,
                           s.depth - from < piece ? s.depth - from : piece};

  const int chains = divide_up(total, kChain / piece);
  const int together = divide_up(total, chains);
  for (int first = 0; first < total; first += together)
    for (int panel = first_panel; panel < last_panel; ++panel) {
      const int columns = s.width - panel * kPanel < kPanel ? s.width - panel * kPanel : kPanel;
      const Operands operands{segments + first, total - first < together ? total - first : together,
                              static_cast<size_t>(s.depth), 0,
                              static_cast<size_t>(panel) * s.taps * s.depth * kPanel};
      panel_product<Kernel, false>(operands, rows, columns, target + panel * kPanel, s.width,
                                   first == 0 ? Store::kReplace : Store::kAdd);
    }
}

// `sources_of(position, body)` calls body(tap, source) for each tap of a target position.
template <class Kernel, class SourcesOf>
inline void sum_positions(const PositionSums& s, SourcesOf&& sources_of) {
  constexpr int kPanel = Kernel::kPanel;
  // Positions of small batches are joined into runs of about 96 rows, so that a panel of the filter is read
  // once for many rows.
  const int longest_run = s.n >= 96 ? 1 : 96 / s.n;
  const int strips = divide_up(s.target_w, longest_run);
  const int panels = divide_up(s.width, kPanel);
  // With few positions the columns are divided among tasks too.
  const int64_t strip_tasks = static_cast<int64_t>(s.target_h) * strips;
  const int parts_wanted = static_cast<int>(strip_tasks >= 32 || strip_tasks == 0 ? 1 : 32 / strip_tasks);
  const int part = divide_up(panels, parts_wanted);
  const int parts = divide_up(panels, part);

  parallel_for(strip_tasks * parts, [&](int64_t task) {
    const int64_t strip = task / parts;
    const int first_panel = static_cast<int>(task % parts) * part;
    const int last_panel = panels - first_panel < part ? panels : first_panel + part;
    const int64_t row = strip / strips * s.target_w;
    const int from = static_cast<int>(strip % strips) * longest_run;
    const int to = s.target_w - from < longest_run ? s.target_w : from + longest_run;

    Scratch scratch;
    TapSource* const list = scratch.take<TapSource>(s.taps);
    for (int x = from; x < to;) {
      int count = 0;
      sources_of(row + x, [&](int tap, size_t source) { list[count++] = {tap, source}; });
      int run = 1;
      for (; x + run < to; ++run) {
        int same = 0;
        int other = 0;
        sources_of(row + x + run, [&](int tap, size_t source) {
          if (other < count && list[other].tap == tap && list[other].source + run == source) ++same;
          ++other;
        });
        if (same != count || other != count) break;
      }
      sum_run<Kernel>(s, list, count, row + x, run, first_panel, last_panel);
      x += run;
    }
  });
}

template <class Registers>
inline void convolve(const FloatConvForward& a) {
  using Kernel = FloatKernel<FloatConvForward, Registers>;
  const ConvShape& s = a.shape;
  Scratch scratch;
  const float* const packed = pack_filter<Kernel, false>(a.w, s.taps(), s.c, s.k, scratch);
  const PositionSums sums{s.out_h, s.out_w, s.n, s.taps(), s.c, s.k, a.x, packed, a.y};
  sum_positions<Kernel>(sums, [&](int64_t position, auto&& body) { for_valid_taps(s, position, body); });
}

template <class Registers>
inline void convolve(const FloatConvBackwardInput& a) {
  using Kernel = FloatKernel<FloatConvBackwardInput, Registers>;
  const ConvShape& s = a.shape;
  Scratch scratch;
  const float* const packed = pack_filter<Kernel, true>(a.w, s.taps(), s.c, s.k, scratch);
  const PositionSums sums{s.h, s.w, s.n, s.taps(), s.k, s.c, a.dy, packed, a.dx};
  sum_positions<Kernel>(sums, [&](int64_t position, auto&& body) { for_outputs_of(s, position, body); });
}

}  // namespace
}  // namespace bnn
