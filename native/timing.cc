#include "timing.h"

#include <map>
#include <mutex>
#include <utility>

namespace bnn {
namespace {

struct Total {
  int64_t calls = 0;
  detail::Clock::duration time{};
};

std::mutex measuring;  // guards what follows, and changes of the session
std::map<std::string, Total> totals;
uint32_t sessions = 0;

// The kernels that this thread runs. What their tasks do in other threads is part of them.
thread_local detail::Timed* innermost = nullptr;

}  // namespace

std::atomic<detail::Session> detail::session{Session()};

detail::Timed::Timed(Session session, std::string name)
    : session_(session), name_(std::move(name)), outer_(innermost), began_(Clock::now()) {
  innermost = this;
}

detail::Timed::~Timed() {
  const Clock::duration whole = Clock::now() - began_;
  innermost = outer_;
  if (outer_ != nullptr) outer_->nested_ += whole;
  const std::lock_guard<std::mutex> lock(measuring);
  if (!(session_ == timing_session())) return;
  Total& total = totals[name_];
  ++total.calls;
  total.time += whole - nested_;
}

void start_timing(bool shapes) {
  const std::lock_guard<std::mutex> lock(measuring);
  totals.clear();
  // 0 is no session.
  sessions = sessions % 0x7fffffff + 1;
  detail::session.store(detail::Session(sessions, shapes), std::memory_order_relaxed);
}

std::vector<KernelTime> stop_timing() {
  const std::lock_guard<std::mutex> lock(measuring);
  detail::session.store(detail::Session(), std::memory_order_relaxed);
  std::vector<KernelTime> list;
  for (const auto& [name, total] : totals)
    list.push_back({name, total.calls, std::chrono::duration<double, std::milli>(total.time).count()});
  totals.clear();
  return list;
}

}  // namespace bnn
