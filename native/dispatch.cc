#include "dispatch.h"

#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <mutex>

#include "implementations.h"

namespace bnn {
namespace {

constexpr uint32_t kAvx2Fma = kAvx2 | kFma;

struct InstructionSet {
  const char* name;
  uint32_t features;
};

// From the best to the slowest. Every CPU with AVX2 has the instructions of F16C too.
constexpr InstructionSet kInstructionSets[] = {
    {"avx512", kAvx2Fma | kAvx512},
    {"avx2", kAvx2Fma},
    {"reference", 0},
};

// The place of an instruction set among these, or −1.
int rank_of(const std::string& isa) {
  int rank = 0;
  for (const InstructionSet& set : kInstructionSets) {
    if (isa == set.name) return rank;
    ++rank;
  }
  return -1;
}

bool can_run(uint32_t features) { return (features & ~cpu_features()) == 0; }

template <class Args>
detail::Implementation implementation(const char* isa, const char* name, void (*function)(const Args&),
                                      std::initializer_list<Property> properties) {
  detail::Implementation made{Args::family,
                              name,
                              isa,
                              kInstructionSets[rank_of(isa)].features,
                              false,
                              reinterpret_cast<void (*)()>(function),
                              &detail::active<Args>};
  for (const Property property : properties) {
    if (property == kTakesGroups) made.takes_groups = true;
    if (property == kNeedsVpopcntdq) made.features |= kVpopcntdq;
  }
  return made;
}

// An implementation stands in the table where it is compiled.
#if defined(BNN_X86)
#define BNN_WHERE_avx512(...) __VA_ARGS__
#define BNN_WHERE_avx2(...) __VA_ARGS__
#else
#define BNN_WHERE_avx512(...)
#define BNN_WHERE_avx2(...)
#endif

const std::vector<detail::Implementation>& table() {
#define IMPLEMENTATION(Family, isa, function, ...) \
  BNN_WHERE_##isa(implementation<Family>(#isa, #function, isa::function, {__VA_ARGS__}), )
#define REFERENCE(Family, function) implementation<Family>("reference", #function, reference::function, {}),
#define SEQUENCE(Family, function) implementation<Family>("reference", #function, sequences::function, {}),
  static const std::vector<detail::Implementation> entries = {
#include "implementations.inc"
  };
#undef SEQUENCE
#undef REFERENCE
#undef IMPLEMENTATION
  return entries;
}

std::mutex choosing;  // guards `forced` and the choice that follows from it
std::string forced = std::getenv("BNN_DISTILL_ISA") ? std::getenv("BNN_DISTILL_ISA") : "";

// Of a family's implementations that are allowed and run on this CPU, the one with the best instruction set;
// of several with that set, the first of the list.
const detail::Implementation* best_implementation(const char* family) {
  const detail::Implementation* best = nullptr;
  for (const detail::Implementation& each : table())
    if (std::strcmp(each.family, family) == 0 && can_run(each.features) &&
        rank_of(each.isa) >= rank_of(forced) && (best == nullptr || rank_of(each.isa) < rank_of(best->isa)))
      best = &each;
  return best;
}

void choose_all() {
  for (const detail::Implementation& each : table())
    each.active->store(best_implementation(each.family), std::memory_order_release);
}

}  // namespace

void detail::choose_implementations() {
  const std::lock_guard<std::mutex> lock(choosing);
  choose_all();
}

uint32_t cpu_features() {
  static const uint32_t features = [] {
    uint32_t found = 0;
#if defined(BNN_X86)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2")) found |= kAvx2;
    if (__builtin_cpu_supports("fma")) found |= kFma;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
      found |= kAvx512;
    if (__builtin_cpu_supports("avx512vpopcntdq")) found |= kVpopcntdq;
#if defined(BNN_EMULATE_AVX512)
    found |= kAvx512 | kVpopcntdq;
#endif
#endif
    return found;
  }();
  return features;
}

const std::vector<std::string>& instruction_sets() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const InstructionSet& set : kInstructionSets) all.push_back(set.name);
    return all;
  }();
  return names;
}

bool has_instruction_set(const std::string& isa) {
  const int rank = rank_of(isa);
  return rank >= 0 && can_run(kInstructionSets[rank].features);
}

std::vector<KernelInfo> kernel_list() {
  const std::lock_guard<std::mutex> lock(choosing);
  std::vector<KernelInfo> list;
  for (const detail::Implementation& each : table())
    list.push_back({each.family, each.name, each.isa, can_run(each.features),
                    best_implementation(each.family) == &each});
  return list;
}

bool force_isa(const std::string& isa) {
  if (!isa.empty() && !has_instruction_set(isa)) return false;
  const std::lock_guard<std::mutex> lock(choosing);
  forced = isa;
  choose_all();
  return true;
}

std::string forced_isa() {
  const std::lock_guard<std::mutex> lock(choosing);
  return forced;
}

}  // namespace bnn
