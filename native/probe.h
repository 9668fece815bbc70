// Measures the peak arithmetic and the memory bandwidth of this machine, which the benches print beside the
// figures of the kernels.
#pragma once

#include <cstddef>
#include <string>

namespace bnn {

// Float multiply-adds of one thread while every thread of the pool does the same, in 10⁹ a second, with the
// registers of an instruction set of dispatch.h. Throws std::invalid_argument when the CPU lacks it.
double measure_fma_peak(const std::string& isa);

struct Bandwidth {
  double read;  // 10⁹ bytes a second, of all threads of the pool together
  double copy;  // likewise; a copied byte counts twice, as read and as written
};
// Reads `from` and copies it to `to`. Both have `count` floats and should be many times larger than the
// caches.
Bandwidth measure_bandwidth(const float* from, float* to, size_t count);

// Does `rounds` rounds of independent multiply-adds in registers. Returns how many multiply-adds there were.
namespace reference {
size_t multiply_adds_reference(size_t rounds);
}
namespace avx2 {
size_t multiply_adds_avx2(size_t rounds);
}
namespace avx512 {
size_t multiply_adds_avx512(size_t rounds);
}

}  // namespace bnn
