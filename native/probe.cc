#include "probe.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "dispatch.h"
#include "parallel.h"

namespace bnn {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

constexpr int kRepetitions = 5;
constexpr double kSecondsPerRepetition = 0.05;

using MultiplyAdds = size_t (*)(size_t rounds);

MultiplyAdds multiply_adds_of(const std::string& isa) {
  if (!has_instruction_set(isa)) throw std::invalid_argument("the CPU has no instruction set '" + isa + "'");
#if defined(BNN_X86)
  if (isa == "avx512") return avx512::multiply_adds_avx512;
  if (isa == "avx2") return avx2::multiply_adds_avx2;
#endif
  return reference::multiply_adds_reference;
}

}  // namespace

double measure_fma_peak(const std::string& isa) {
  const MultiplyAdds multiply_adds = multiply_adds_of(isa);
  const int threads = thread_count();
  double best = 0;
  for (int repetition = 0; repetition < kRepetitions; ++repetition) {
    std::vector<double> rates(threads);
    // One task for each thread. A task is long enough that every thread wakes and takes its own.
    parallel_for(threads, [&](int64_t task) {
      const auto began = Clock::now();
      size_t done = 0;
      double seconds = 0;
      for (; seconds < kSecondsPerRepetition; seconds = seconds_since(began)) done += multiply_adds(1 << 16);
      rates[task] = done / seconds;
    });
    double sum = 0;
    for (double rate : rates) sum += rate;
    best = std::max(best, sum / threads);
  }
  return best / 1e9;
}

Bandwidth measure_bandwidth(const float* from, float* to, size_t count) {
  // Pieces of whole pages, several for each thread, so that a thread that starts late delays no other.
  constexpr size_t kPiece = size_t{1} << 20;
  const int64_t pieces = static_cast<int64_t>((count + kPiece - 1) / kPiece);
  const auto best_rate = [&](double bytes, const auto& body) {
    double best = 0;
    for (int repetition = 0; repetition < kRepetitions; ++repetition) {
      const auto began = Clock::now();
      parallel_for(pieces, [&](int64_t piece) {
        const size_t first = piece * kPiece;
        body(first, std::min(kPiece, count - first));
      });
      best = std::max(best, bytes / seconds_since(began));
    }
    return best / 1e9;
  };
  const double bytes = static_cast<double>(count) * sizeof(float);
  std::atomic<uint32_t> sink{0};
  const double read = best_rate(bytes, [&](size_t first, size_t size) {
    // Integers, since the compiler may not reorder a sum of floats.
    const auto* words = reinterpret_cast<const uint32_t*>(from + first);
    uint32_t sum = 0;
    for (size_t i = 0; i < size; ++i) sum += words[i];
    sink += sum;
  });
  const double copy = best_rate(2 * bytes, [&](size_t first, size_t size) {
    std::memcpy(to + first, from + first, size * sizeof(float));
  });
  return {read, copy};
}

}  // namespace bnn
