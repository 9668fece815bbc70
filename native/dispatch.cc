#include "dispatch.h"

#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <type_traits>

#include "implementations.h"

namespace bnn {
namespace {

struct Entry {
  const char* family;
  const char* isa;
  uint32_t requires_features;
  void* function;
  bool takes_groups;
};

template <class Args>
Entry entry(const char* isa, uint32_t features, void (*function)(const Args&), bool takes_groups = false) {
  return {Args::family, isa, features, reinterpret_cast<void*>(function), takes_groups};
}

constexpr uint32_t kAvx2Fma = kAvx2 | kFma;
constexpr uint32_t kAvx512All = kAvx2Fma | kAvx512;

template <class Args, class... Families>
constexpr bool kIsOneOf = (std::is_same_v<Args, Families> || ...);

// What a family needs beyond its instruction set.
template <class Args>
constexpr uint32_t kExtraFeatures =
    kIsOneOf<Args, BinaryConvForward, BinaryConvGateGradient> ? kVpopcntdq : 0;

// Whether an implementation runs convolutions of several groups.
template <class Args>
constexpr bool kAvx512TakesGroups = kIsOneOf<Args, BinaryConvForward, BinaryConvBackwardInput,
                                             BinaryConvBackwardFilter, BinaryConvGateGradient>;
template <class Args>
constexpr bool kAvx2TakesGroups = kIsOneOf<Args, BinaryConvForward, BinaryConvGateGradient>;

// Ordered: for each family, the best first. Every CPU with AVX2 has the instructions of F16C.
const std::vector<Entry>& table() {
#define BNN_AVX512_ENTRY(Family) \
  entry<Family>("avx512", kAvx512All | kExtraFeatures<Family>, avx512::run, kAvx512TakesGroups<Family>),
#define BNN_AVX2_ENTRY(Family) entry<Family>("avx2", kAvx2Fma, avx2::run, kAvx2TakesGroups<Family>),
#define BNN_REFERENCE_ENTRY(Family) entry<Family>("reference", 0, reference::run),
#define BNN_SEQUENCE_ENTRY(Family) entry<Family>("reference", 0, sequences::run),
  static const std::vector<Entry> entries = {
#if defined(BNN_X86)
      BNN_AVX512_FAMILIES(BNN_AVX512_ENTRY) BNN_AVX2_FAMILIES(BNN_AVX2_ENTRY)
#endif
          BNN_AVX2_FAMILIES(BNN_REFERENCE_ENTRY) BNN_SEQUENCES(BNN_SEQUENCE_ENTRY)};
  return entries;
}

std::string forced = std::getenv("BNN_DISTILL_ISA") ? std::getenv("BNN_DISTILL_ISA") : "";

int rank_of(const std::string& isa) {
  const auto& all = instruction_sets();
  for (size_t i = 0; i < all.size(); ++i)
    if (all[i] == isa) return static_cast<int>(i);
  return -1;
}

bool can_run(const Entry& e) { return (e.requires_features & ~cpu_features()) == 0; }

bool allowed(const Entry& e) { return forced.empty() || rank_of(e.isa) >= rank_of(forced); }

const Entry* active_entry(const char* family) {
  for (const Entry& e : table())
    if (std::strcmp(e.family, family) == 0 && can_run(e) && allowed(e)) return &e;
  return nullptr;
}

}  // namespace

uint32_t detail::table_generation = 1;

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
    if (__builtin_cpu_supports("avx512vbmi")) found |= kVbmi;
    if (__builtin_cpu_supports("avx512vnni")) found |= kVnni;
#if defined(BNN_EMULATE_AVX512)
    found |= kAvx512 | kVpopcntdq;
#endif
#endif
    return found;
  }();
  return features;
}

const std::vector<std::string>& instruction_sets() {
  static const std::vector<std::string> names = {"avx512", "avx2", "reference"};
  return names;
}

std::vector<KernelInfo> kernel_list() {
  std::vector<KernelInfo> list;
  for (const Entry& e : table()) list.push_back({e.family, e.isa, can_run(e), active_entry(e.family) == &e});
  return list;
}

bool force_isa(const std::string& isa) {
  if (!isa.empty()) {
    if (rank_of(isa) < 0) return false;
    if (isa == "avx512" && !(cpu_features() & kAvx512)) return false;
    if (isa == "avx2" && (cpu_features() & kAvx2Fma) != kAvx2Fma) return false;
  }
  forced = isa;
  ++detail::table_generation;
  return true;
}

std::string forced_isa() { return forced; }

detail::Implementation detail::active_implementation(const char* family) {
  const Entry* found = active_entry(family);
  if (found == nullptr) throw std::logic_error(std::string("no kernel of the family ") + family);
  return {found->function, found->takes_groups};
}

}  // namespace bnn
