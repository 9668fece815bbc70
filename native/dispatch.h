// Which implementation of each kernel runs. Every kernel stands in one table (dispatch.cc): family,
// instruction set, the CPU features it requires. For each family the first entry that the CPU can run wins;
// BNN_DISTILL_ISA, or force_isa(), limits the choice to one instruction set and those below it.
#pragma once

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
  kVbmi = 1u << 4,
  kVnni = 1u << 5,
  kF16c = 1u << 6,
};

// The features of this CPU that the operating system has switched on.
uint32_t cpu_features();

// Instruction sets from the best to the slowest; "reference" is the last and always runs.
const std::vector<std::string>& instruction_sets();

struct KernelInfo {
  std::string family;
  std::string isa;
  bool available;  // the CPU can run it
  bool active;     // it is the one that runs now
};
std::vector<KernelInfo> kernel_list();

// Limits every family to `isa` and those below it; an empty name lifts the limit. False when the CPU lacks it
// or the name is unknown.
bool force_isa(const std::string& isa);
// The instruction set forced now, or an empty name.
std::string forced_isa();

namespace detail {
struct Implementation {
  void* function;
  bool takes_groups;  // whether it runs convolutions of several groups
};
Implementation active_implementation(const char* family);
extern uint32_t table_generation;

template <class Args, class = void>
struct HasGroups : std::false_type {};
template <class Args>
struct HasGroups<Args, std::void_t<decltype(run_in_groups(std::declval<const Args&>()))>> : std::true_type {};
}  // namespace detail

// Runs the active implementation of the family to which these arguments belong; a convolution of several
// groups that it does not take is run group by group.
template <class Args>
void run(const Args& args) {
  static uint32_t generation = 0;
  static detail::Implementation active{};
  if (generation != detail::table_generation) {
    active = detail::active_implementation(Args::family);
    generation = detail::table_generation;
  }
  auto kernel = reinterpret_cast<void (*)(const Args&)>(active.function);
  if constexpr (detail::HasGroups<Args>::value)
    if (args.shape.groups > 1 && !active.takes_groups) kernel = run_in_groups;
  if (!detail::timing) return kernel(args);
  const detail::Timed timed(detail::timed_name(args));
  kernel(args);
}

}  // namespace bnn
