#include "sequences/grouped.h"

#include <algorithm>
#include <cstring>

#include "parallel.h"
#include "reference/bits.h"
#include "scratch.h"

namespace bnn {
namespace {

constexpr size_t kTaskRows = 1024;

template <class Body>
void for_rows(size_t rows, Body&& body) {
  parallel_for(static_cast<int64_t>((rows + kTaskRows - 1) / kTaskRows), [&](int64_t task) {
    const size_t first = static_cast<size_t>(task) * kTaskRows;
    for (size_t row = first; row < std::min(rows, first + kTaskRows); ++row) body(row);
  });
}

// A matrix [rows][channels] whose parts of channels / groups columns are matrices of their own, one after the
// other.
struct Parts {
  size_t rows;
  int channels, groups;

  int width() const { return channels / groups; }
  size_t floats() const { return rows * width(); }
  size_t words() const { return rows * packed_words(width()); }
  size_t all_floats() const { return rows * channels; }
};

Parts inputs_of(const ConvShape& s) { return {static_cast<size_t>(s.h) * s.w * s.n, s.c, s.groups}; }
Parts outputs_of(const ConvShape& s) { return {static_cast<size_t>(s.out_h) * s.out_w * s.n, s.k, s.groups}; }
Parts gate_of(const ConvShape& s) { return {static_cast<size_t>(s.n), s.k, s.groups}; }
Parts filter_of(const ConvShape& s) { return {s.filter_rows(), s.k, s.groups}; }

const float* split(const Parts& p, const float* from, Scratch& scratch) {
  if (from == nullptr) return nullptr;
  float* parts = scratch.take<float>(p.all_floats());
  for_rows(p.rows, [&](size_t row) {
    for (int g = 0; g < p.groups; ++g)
      std::copy_n(from + row * p.channels + g * p.width(), p.width(),
                  parts + g * p.floats() + row * p.width());
  });
  return parts;
}

// The `count` bits of a packed row from bit `first` on; at most 32.
uint32_t bits_at(const uint32_t* row, int first, int count) {
  const int shift = first % 32;
  uint32_t bits = row[first / 32] >> shift;
  if (shift + count > 32) bits |= row[first / 32 + 1] << (32 - shift);
  return count == 32 ? bits : bits & ((1u << count) - 1);
}

const uint32_t* split(const Parts& p, const uint32_t* from, Scratch& scratch) {
  uint32_t* parts = scratch.take<uint32_t>(p.words(), p.groups);
  const size_t row_words = packed_words(p.channels);
  const size_t part_words = packed_words(p.width());
  for_rows(p.rows, [&](size_t row) {
    for (int g = 0; g < p.groups; ++g)
      for (size_t word = 0; word < part_words; ++word) {
        const int bit = static_cast<int>(word) * 32;
        parts[g * p.words() + row * part_words + word] =
            bits_at(from + row * row_words, g * p.width() + bit, std::min(32, p.width() - bit));
      }
  });
  return parts;
}

float* result(const Parts& p, Scratch& scratch) { return scratch.take<float>(p.all_floats()); }

void join(const Parts& p, const float* parts, float* to) {
  for_rows(p.rows, [&](size_t row) {
    for (int g = 0; g < p.groups; ++g)
      std::copy_n(parts + g * p.floats() + row * p.width(), p.width(), to + row * p.channels + g * p.width());
  });
}

const float* part(const float* parts, size_t size, int g) {
  return parts == nullptr ? nullptr : parts + g * size;
}

// The transform with what it has for each element split.
OutputTransform split(const ConvShape& s, const OutputTransform& transform, Scratch& scratch) {
  OutputTransform result = transform;
  result.gate = split(gate_of(s), transform.gate, scratch);
  result.residual = split(outputs_of(s), transform.residual, scratch);
  return result;
}

// What one group has of a transform that is split.
OutputTransform part(const ConvShape& s, const OutputTransform& transform, int g) {
  const size_t k = s.group_outputs();
  return {transform.scale + g * k, part(transform.gate, gate_of(s).floats(), g),
          part(transform.sum_slope, k, g), part(transform.residual, outputs_of(s).floats(), g),
          part(transform.residual_slope, k, g)};
}

// body(group, shape of one group) for each group
template <class Body>
void for_groups(const ConvShape& s, Body&& body) {
  ConvShape one = s;
  one.c = s.group_inputs();
  one.k = s.group_outputs();
  one.groups = 1;
  for (int g = 0; g < s.groups; ++g) body(g, one);
}

}  // namespace

void run_in_groups(const FloatConvForward& a, Kernel<FloatConvForward> kernel) {
  Scratch scratch;
  const Parts in = inputs_of(a.shape), out = outputs_of(a.shape), filter = filter_of(a.shape);
  const float* x = split(in, a.x, scratch);
  const float* w = split(filter, a.w, scratch);
  float* y = result(out, scratch);
  for_groups(a.shape, [&](int g, const ConvShape& s) {
    kernel({s, x + g * in.floats(), w + g * filter.floats(), y + g * out.floats()});
  });
  join(out, y, a.y);
}

void run_in_groups(const FloatConvBackwardInput& a, Kernel<FloatConvBackwardInput> kernel) {
  Scratch scratch;
  const Parts in = inputs_of(a.shape), out = outputs_of(a.shape), filter = filter_of(a.shape);
  const float* dy = split(out, a.dy, scratch);
  const float* w = split(filter, a.w, scratch);
  float* dx = result(in, scratch);
  for_groups(a.shape, [&](int g, const ConvShape& s) {
    kernel({s, dy + g * out.floats(), w + g * filter.floats(), dx + g * in.floats()});
  });
  join(in, dx, a.dx);
}

void run_in_groups(const FloatConvBackwardFilter& a, Kernel<FloatConvBackwardFilter> kernel) {
  Scratch scratch;
  const Parts in = inputs_of(a.shape), out = outputs_of(a.shape), filter = filter_of(a.shape);
  const float* x = split(in, a.x, scratch);
  const float* dy = split(out, a.dy, scratch);
  float* dw = result(filter, scratch);
  for_groups(a.shape, [&](int g, const ConvShape& s) {
    kernel({s, x + g * in.floats(), dy + g * out.floats(), dw + g * filter.floats()});
  });
  join(filter, dw, a.dw);
}

void run_in_groups(const BinaryConvForward& a, Kernel<BinaryConvForward> kernel) {
  Scratch scratch;
  const Parts in = inputs_of(a.shape), out = outputs_of(a.shape), filter = filter_of(a.shape);
  const uint32_t* x = split(in, a.x, scratch);
  const uint32_t* w = split(filter, a.w, scratch);
  const OutputTransform transform = split(a.shape, a.transform, scratch);
  float* y = result(out, scratch);
  for_groups(a.shape, [&](int g, const ConvShape& s) {
    kernel(
        {s, x + g * in.words(), w + g * filter.words(), part(a.shape, transform, g), y + g * out.floats()});
  });
  join(out, y, a.y);
}

void run_in_groups(const BinaryConvBackwardInput& a, Kernel<BinaryConvBackwardInput> kernel) {
  Scratch scratch;
  const Parts in = inputs_of(a.shape), out = outputs_of(a.shape), filter = filter_of(a.shape);
  const float* dy = split(out, a.dy, scratch);
  const uint32_t* w = split(filter, a.w, scratch);
  const float* gate = split(gate_of(a.shape), a.gate, scratch);
  float* dx = result(in, scratch);
  for_groups(a.shape, [&](int g, const ConvShape& s) {
    kernel({s, dy + g * out.floats(), w + g * filter.words(), a.scale + g * s.k, dx + g * in.floats(),
            part(gate, gate_of(a.shape).floats(), g)});
  });
  join(in, dx, a.dx);
}

void run_in_groups(const BinaryConvBackwardFilter& a, Kernel<BinaryConvBackwardFilter> kernel) {
  Scratch scratch;
  const Parts in = inputs_of(a.shape), out = outputs_of(a.shape), filter = filter_of(a.shape);
  const uint32_t* x = split(in, a.x, scratch);
  const float* dy = split(out, a.dy, scratch);
  const float* latent = split(filter, a.latent, scratch);
  const float* gate = split(gate_of(a.shape), a.gate, scratch);
  float* dw = result(filter, scratch);
  for_groups(a.shape, [&](int g, const ConvShape& s) {
    kernel({s, x + g * in.words(), dy + g * out.floats(), part(a.scale, s.k, g),
            part(latent, filter.floats(), g), dw + g * filter.floats(),
            part(gate, gate_of(a.shape).floats(), g)});
  });
  join(filter, dw, a.dw);
}

void run_in_groups(const BinaryConvGateGradient& a, Kernel<BinaryConvGateGradient> kernel) {
  Scratch scratch;
  const Parts in = inputs_of(a.shape), out = outputs_of(a.shape), filter = filter_of(a.shape),
              gates = gate_of(a.shape);
  const uint32_t* x = split(in, a.x, scratch);
  const uint32_t* w = split(filter, a.w, scratch);
  const float* dy = split(out, a.dy, scratch);
  const OutputTransform transform = split(a.shape, a.transform, scratch);
  float* dgate = result(gates, scratch);
  float* dz = a.dz == nullptr ? nullptr : scratch.take<float>(out.all_floats());
  for_groups(a.shape, [&](int g, const ConvShape& s) {
    kernel({s, x + g * in.words(), w + g * filter.words(), part(a.shape, transform, g), dy + g * out.floats(),
            dgate + g * gates.floats(), dz == nullptr ? nullptr : dz + g * out.floats(),
            a.dslope == nullptr ? nullptr : a.dslope + g * s.k});
  });
  join(gates, dgate, a.dgate);
  if (dz != nullptr) join(out, dz, a.dz);
}

void run_in_groups(const BinaryInputConvForward& a, Kernel<BinaryInputConvForward> kernel) {
  Scratch scratch;
  const Parts in = inputs_of(a.shape), out = outputs_of(a.shape), filter = filter_of(a.shape);
  const uint32_t* x = split(in, a.x, scratch);
  const float* w = split(filter, a.w, scratch);
  float* y = result(out, scratch);
  for_groups(a.shape, [&](int g, const ConvShape& s) {
    kernel({s, x + g * in.words(), w + g * filter.floats(), y + g * out.floats()});
  });
  join(out, y, a.y);
}

void run_in_groups(const BinaryFilterConvForward& a, Kernel<BinaryFilterConvForward> kernel) {
  Scratch scratch;
  const Parts in = inputs_of(a.shape), out = outputs_of(a.shape), filter = filter_of(a.shape);
  const float* x = split(in, a.x, scratch);
  const uint32_t* w = split(filter, a.w, scratch);
  float* y = result(out, scratch);
  for_groups(a.shape, [&](int g, const ConvShape& s) {
    kernel({s, x + g * in.floats(), w + g * filter.words(), a.scale + g * s.k, y + g * out.floats()});
  });
  join(out, y, a.y);
}

}  // namespace bnn
