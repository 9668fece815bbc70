// Rows of any number of channels as wider rows that fill whole vectors. `fold` rows of C channels are one
// folded row of fold · C floats, and the parameters of the channels are repeated to that width. The rows
// after the last full folded row are the `rest`.
#pragma once

#include <cstring>
#include <numeric>

#include "kernels/lanes_avx2.h"
#include "parallel.h"
#include "scratch.h"

namespace bnn::avx2 {

// The rows of one task. How they are cut depends on the shape alone.
struct Chunk {
  size_t first, last;  // folded rows
  bool has_rest;
};

struct FoldedRows {
  size_t channels, fold, width, count, rest;

  FoldedRows(size_t rows, size_t channels_) : channels(channels_) {
    fold = 32 / std::gcd(channels, size_t{32});
    if (fold * channels > 4096) fold = kLanes / std::gcd(channels, kLanes);
    width = fold * channels;
    count = rows / fold;
    rest = rows % fold * channels;
  }

  size_t size() const { return count * width + rest; }

  // Copies the values of the channels `fold` times.
  void repeat(const float* per_channel, float* out) const {
    for (size_t i = 0; i < fold; ++i) std::memcpy(out + i * channels, per_channel, channels * sizeof(float));
  }

  size_t chunks(size_t most) const {
    constexpr size_t floats_of_chunk = 32768;
    const size_t wanted = std::min({count, count * width / floats_of_chunk, most});
    return std::max(wanted, size_t{1});
  }

  Chunk chunk(size_t index, size_t of) const {
    return {count * index / of, count * (index + 1) / of, index + 1 == of};
  }
};

// body(chunk) for all chunks, in parallel, from the last to the first: the kernel before ended at the last
// rows, which are still in the caches.
template <class Body>
void for_chunks(const FoldedRows& rows, const Body& body) {
  const size_t chunks = rows.chunks(SIZE_MAX);
  parallel_for(static_cast<int64_t>(chunks),
               [&](int64_t task) { body(rows.chunk(chunks - 1 - task, chunks)); });
}

namespace detail {
template <class Lanes, class Body>
void each_vector(const FoldedRows& rows, const Chunk& chunk, const Body& body) {
  for (size_t row = chunk.first; row < chunk.last; ++row)
    for_vectors<Lanes>(rows.width,
                       [&](auto lanes, size_t column) { body(lanes, row * rows.width + column, column); });
  if (chunk.has_rest)
    for_vectors(rows.rest,
                [&](auto lanes, size_t column) { body(lanes, rows.count * rows.width + column, column); });
}
}  // namespace detail

// body(lanes, offset, column) for each eight floats of the chunk.
template <class Body>
void each_vector(const FoldedRows& rows, const Chunk& chunk, bool streamed, const Body& body) {
  if (!streamed) return detail::each_vector<FullLanes>(rows, chunk, body);
  detail::each_vector<StreamedLanes>(rows, chunk, body);
  _mm_sfence();
}

// The packed bits of a chunk as one stream, with one bit for each float.
class ChunkBits {
 public:
  // `packed` may be null; then the bits must not be read.
  ChunkBits(const FoldedRows& rows, const Chunk& chunk, const uint32_t* packed, Scratch& scratch)
      : bytes_(reinterpret_cast<const uint8_t*>(packed)), start_(0) {
    if (packed == nullptr || rows.channels % 32 == 0) return;
    start_ = chunk.first * rows.width;
    const size_t words = (rows.channels + 31) / 32;
    const size_t count =
        (chunk.last - chunk.first) * rows.fold + (chunk.has_rest ? rows.rest / rows.channels : 0);
    uint32_t* stream = scratch.take<uint32_t>((count * rows.channels + 31) / 32 + 1);
    bytes_ = reinterpret_cast<const uint8_t*>(stream);
    const uint32_t* word = packed + chunk.first * rows.fold * words;
    uint64_t pending = 0;
    size_t pending_bits = 0;
    for (size_t row = 0; row < count; ++row)
      for (size_t left = rows.channels; left > 0;) {
        const size_t bits = std::min(left, size_t{32});
        pending |= (*word++ & ((uint64_t{1} << bits) - 1)) << pending_bits;
        pending_bits += bits;
        left -= bits;
        if (pending_bits >= 32) {
          *stream++ = static_cast<uint32_t>(pending);
          pending >>= 32;
          pending_bits -= 32;
        }
      }
    *stream = static_cast<uint32_t>(pending);
  }

  explicit operator bool() const { return bytes_ != nullptr; }

  __m256 lanes(size_t offset) const { return lanes_of_bits(bytes_[(offset - start_) / kLanes]); }

 private:
  const uint8_t* bytes_;
  size_t start_;
};

// Values [images, channels] that differ from image to image, as a table from which any vector of the folded
// rows can be read. After the last image the table begins again with the first.
class ImageValues {
 public:
  // `values` may be null; then the table must not be read. `table` has table_size(…) floats.
  ImageValues(const FoldedRows& rows, const float* values, size_t images, float* table)
      : period_(std::max(images * rows.channels, size_t{2})), table_(values == nullptr ? nullptr : table) {
    if (values == nullptr) return;
    inverse_ = UINT64_MAX / period_ + 1;
    const size_t own = images * rows.channels;
    std::memcpy(table, values, own * sizeof(float));
    for (size_t i = own; i < period_ + rows.width; ++i) table[i] = table[i - own];
  }

  static size_t table_size(const FoldedRows& rows, size_t images) {
    return images * rows.channels + rows.width + 1;
  }

  explicit operator bool() const { return table_ != nullptr; }

  // Where the values of a vector are, from its offset and its column in the folded row.
  const float* at(size_t offset, size_t column) const {
    const size_t row = offset - column;
    // ⌊row / period⌋ by a multiplication, which is exact for row · period < 2⁶⁴. A division would cost more
    // than everything else here.
    const size_t whole = static_cast<size_t>(static_cast<unsigned __int128>(inverse_) * row >> 64);
    return table_ + (row - whole * period_) + column;
  }

 private:
  size_t period_;
  uint64_t inverse_ = 0;
  const float* table_;
};

// A reduction has at most so many partial results, so that combining them costs little.
constexpr size_t kMostPartials = 64;

// totals[s][channel] = Σ over the rows of the s-th term. make_term(chunk, scratch) returns the terms of a
// chunk as a function of (lanes, offset, column). The scratch memory lives as long as that function.
template <size_t Sums, class MakeTerm>
void sum_channels(const FoldedRows& rows, double* totals, const MakeTerm& make_term) {
  const size_t chunks = rows.chunks(kMostPartials);
  const size_t width = rows.width;
  Scratch scratch;
  double* partials = scratch.take<double>(chunks, Sums, width);
  parallel_for(static_cast<int64_t>(chunks), [&](int64_t task) {
    const Chunk chunk = rows.chunk(task, chunks);
    double* sums = partials + task * Sums * width;
    Scratch task_scratch;
    float* run = task_scratch.take<float>(Sums, width);
    std::fill(sums, sums + Sums * width, 0.0);
    const auto term = make_term(chunk, task_scratch);
    add_rows<Sums>(chunk.last - chunk.first, width, sums, run, [&](auto lanes, size_t row, size_t column) {
      return term(lanes, (chunk.first + row) * width + column, column);
    });
    if (!chunk.has_rest) return;
    for_vectors(rows.rest, [&](auto lanes, size_t column) {
      const Terms<Sums> t = term(lanes, rows.count * width + column, column);
      for (size_t s = 0; s < Sums; ++s) {
        alignas(32) float values[kLanes];
        _mm256_store_ps(values, lanes.keep(t.v[s]));
        for (size_t i = 0; i < kLanes; ++i) sums[s * width + column + i] += values[i];
      }
    });
  });
  std::fill(totals, totals + Sums * rows.channels, 0.0);
  for (size_t chunk = 0; chunk < chunks; ++chunk)
    for (size_t s = 0; s < Sums; ++s)
      for (size_t i = 0; i < rows.fold; ++i) {
        const double* sums = partials + (chunk * Sums + s) * width + i * rows.channels;
        for (size_t c = 0; c < rows.channels; ++c) totals[s * rows.channels + c] += sums[c];
      }
}

}  // namespace bnn::avx2
