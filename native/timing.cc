#include "timing.h"

#include <map>
#include <utility>

namespace bnn {
namespace {

struct Total {
  int64_t calls = 0;
  detail::Clock::duration time{};
};

std::map<std::string, Total> totals;
// Kernels are called by one thread; what their tasks run is part of them.
thread_local detail::Timed* innermost = nullptr;

}  // namespace

bool detail::timing = false;
bool detail::timing_shapes = false;

detail::Timed::Timed(std::string name) : name_(std::move(name)), outer_(innermost), began_(Clock::now()) {
  innermost = this;
}

detail::Timed::~Timed() {
  const Clock::duration whole = Clock::now() - began_;
  Total& total = totals[name_];
  ++total.calls;
  total.time += whole - nested_;
  if (outer_ != nullptr) outer_->nested_ += whole;
  innermost = outer_;
}

void start_timing(bool shapes) {
  totals.clear();
  detail::timing = true;
  detail::timing_shapes = shapes;
}

std::vector<KernelTime> stop_timing() {
  detail::timing = false;
  std::vector<KernelTime> list;
  for (const auto& [name, total] : totals)
    list.push_back({name, total.calls, std::chrono::duration<double, std::milli>(total.time).count()});
  return list;
}

}  // namespace bnn
