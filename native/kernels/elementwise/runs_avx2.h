// Arrays without rows, cut into pieces for the threads.
#pragma once

#include "kernels/folded_rows_avx2.h"

namespace bnn::avx2 {

// body(lanes, i) for each eight of `size` floats.
template <class Body>
void each_run(size_t size, bool streamed, const Body& body) {
  FoldedRows rows(size / kLanes, kLanes);
  rows.rest = size - rows.count * rows.width;
  for_chunks(rows, [&](const Chunk& chunk) {
    each_vector(rows, chunk, streamed, [&](auto lanes, size_t i, size_t) { body(lanes, i); });
  });
}

}  // namespace bnn::avx2
