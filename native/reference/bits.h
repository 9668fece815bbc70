// Reads packed signs one at a time: bit 1 is +1, bit 0 is −1.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bnn {

inline size_t packed_words(int channels) { return (static_cast<size_t>(channels) + 31) / 32; }

inline bool bit_at(const uint32_t* row, int channel) { return (row[channel / 32] >> (channel % 32)) & 1; }

inline int sign_at(const uint32_t* row, int channel) { return bit_at(row, channel) ? 1 : -1; }

}  // namespace bnn
