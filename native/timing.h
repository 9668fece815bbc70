// How long each kernel takes, for profiles. It is off until it is asked for; then the clock is read before
// and after each kernel. The time of a kernel leaves out the kernels that it runs. Everything here may be
// called by several threads at once.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "kernels.h"

namespace bnn {

struct KernelTime {
  std::string name;  // family, or family and shape
  int64_t calls;
  double milliseconds;
};

// Begins a new session and forgets the one before. `shapes` tells kernels of one family apart by their
// shapes.
void start_timing(bool shapes);
// Ends the session and returns its times. A kernel that still runs is left out.
std::vector<KernelTime> stop_timing();

namespace detail {

using Clock = std::chrono::steady_clock;

// What was asked for: a session with a number of its own, or none.
class Session {
 public:
  Session() = default;
  Session(uint32_t number, bool shapes) : value_(number << 1 | (shapes ? 1 : 0)) {}

  bool is_on() const { return value_ != 0; }
  bool has_shapes() const { return (value_ & 1) != 0; }
  bool operator==(const Session& other) const { return value_ == other.value_; }

 private:
  uint32_t value_ = 0;
};

extern std::atomic<Session> session;

inline Session timing_session() { return session.load(std::memory_order_relaxed); }

// The time of one kernel, from its construction to its end.
class Timed {
 public:
  Timed(Session session, std::string name);
  ~Timed();

 private:
  const Session session_;
  const std::string name_;
  Timed* const outer_;
  Clock::duration nested_{};
  const Clock::time_point began_;
};

inline std::string joined(std::initializer_list<size_t> sizes) {
  std::string text;
  for (const size_t size : sizes) text += (text.empty() ? "" : "×") + std::to_string(size);
  return text;
}

// 32×32×128 16→16 3×3 /1: height, width and images of the input, channels, window, stride
inline std::string shape_text(const ConvShape& s) {
  const auto whole = [](int size) { return static_cast<size_t>(size); };
  return joined({whole(s.h), whole(s.w), whole(s.n)}) + " " + std::to_string(s.c) + "→" +
         std::to_string(s.k) + " " + joined({whole(s.kernel_h), whole(s.kernel_w)}) + " /" +
         std::to_string(s.stride_h) + (s.groups == 1 ? "" : " in " + std::to_string(s.groups) + " groups");
}

template <class Args, class = void>
struct HasShape : std::false_type {};
template <class Args>
struct HasShape<Args, std::void_t<decltype(Args::shape)>> : std::true_type {};
template <class Args, class = void>
struct HasChannels : std::false_type {};
template <class Args>
struct HasChannels<Args, std::void_t<decltype(Args::rows), decltype(Args::channels)>> : std::true_type {};
template <class Args, class = void>
struct HasSize : std::false_type {};
template <class Args>
struct HasSize<Args, std::void_t<decltype(Args::size)>> : std::true_type {};

// The sizes of a call, where its family has one of the usual fields for them.
template <class Args>
std::string shape_of(const Args& args) {
  if constexpr (HasShape<Args>::value)
    return shape_text(args.shape);
  else if constexpr (HasChannels<Args>::value)
    return joined({static_cast<size_t>(args.rows), static_cast<size_t>(args.channels)});
  else if constexpr (HasSize<Args>::value)
    return std::to_string(args.size);
  else
    return "";
}
inline std::string shape_of(const MatMul& m) {
  return joined({static_cast<size_t>(m.batch), static_cast<size_t>(m.m), static_cast<size_t>(m.n),
                 static_cast<size_t>(m.k)});
}
inline std::string shape_of(const Elementwise& e) {
  return std::string(kBinaryNames[static_cast<int>(e.operation)]) + " " + std::to_string(e.size) +
         (e.y_period == 0 ? "" : ", period " + std::to_string(e.y_period));
}

template <class Args>
std::string timed_name(const Args& args, Session session) {
  const std::string shape = session.has_shapes() ? shape_of(args) : "";
  return shape.empty() ? Args::family : std::string(Args::family) + " " + shape;
}

}  // namespace detail
}  // namespace bnn
