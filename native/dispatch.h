// Chooses the implementation of each kernel. They all stand in one table, made from implementations.inc. Of
// each family the one with the best instruction set that the CPU can run is active; BNN_DISTILL_ISA, or
// force_isa(), limits the choice to one instruction set and those below it.
//
// Everything here may be called by several threads at once.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "sequences/grouped.h"
#include "timing.h"

namespace bnn {

enum Feature : uint32_t {
  kAvx2 = 1u << 0,
  kFma = 1u << 1,
  kAvx512 = 1u << 2,  // F, BW, DQ and VL
  kVpopcntdq = 1u << 3,
};

// The features of this CPU that the operating system has switched on.
uint32_t cpu_features();

// Instruction sets from the best to the slowest; "reference" is the last and runs on every CPU.
const std::vector<std::string>& instruction_sets();

// Whether the CPU has an instruction set of instruction_sets().
bool has_instruction_set(const std::string& isa);

struct KernelInfo {
  std::string family;
  std::string name;  // of its function
  std::string isa;
  bool available;  // the CPU can run it
  bool active;     // it is the one that runs now
};
std::vector<KernelInfo> kernel_list();

// Limits every family to `isa` and those below it; an empty name lifts the limit. False when the CPU lacks it
// or the name is unknown. A kernel that runs meanwhile ends as it began; a sequence may run its next kernel
// with the new choice.
bool force_isa(const std::string& isa);
// The instruction set forced now, or an empty name.
std::string forced_isa();

namespace detail {

struct Implementation {
  const char* family;
  const char* name;
  const char* isa;
  uint32_t features;  // of the CPU that it needs
  bool takes_groups;
  void (*function)();  // takes the family's arguments
  std::atomic<const Implementation*>* active;
};

// The implementation of a family that runs now; null until the first choice.
template <class Args>
std::atomic<const Implementation*> active{nullptr};

// Chooses the active implementation of every family.
void choose_implementations();

template <class Args>
const Implementation& active_implementation() {
  if (const Implementation* chosen = active<Args>.load(std::memory_order_acquire)) return *chosen;
  choose_implementations();
  return *active<Args>.load(std::memory_order_acquire);
}

template <class Args, class = void>
struct HasGroups : std::false_type {};
template <class Args>
struct HasGroups<Args, std::void_t<decltype(run_in_groups(std::declval<const Args&>(), Kernel<Args>()))>>
    : std::true_type {};

}  // namespace detail

// Runs the active implementation of the family of these arguments. A convolution of several groups that it
// does not take is run group by group.
template <class Args>
void run(const Args& args) {
  const detail::Implementation& active = detail::active_implementation<Args>();
  const auto kernel = reinterpret_cast<Kernel<Args>>(active.function);
  const auto run_kernel = [&] {
    if constexpr (detail::HasGroups<Args>::value)
      if (args.shape.groups > 1 && !active.takes_groups) return run_in_groups(args, kernel);
    kernel(args);
  };
  const detail::Session session = detail::timing_session();
  if (!session.is_on()) return run_kernel();
  const detail::Timed timed(session, detail::timed_name(args, session));
  run_kernel();
}

}  // namespace bnn
