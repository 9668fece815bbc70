#include "dispatch.h"

#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "implementations.h"

namespace bnn {
namespace {

struct Entry {
  const char* family;
  const char* isa;
  uint32_t requires_features;
  void* function;
};

template <class Args>
Entry entry(const char* isa, uint32_t features, void (*function)(const Args&)) {
  return {Args::family, isa, features, reinterpret_cast<void*>(function)};
}

constexpr uint32_t kAvx2Fma = kAvx2 | kFma;
constexpr uint32_t kAvx512All = kAvx2Fma | kAvx512;

// Ordered: for each family, the best first.
const std::vector<Entry>& table() {
  static const std::vector<Entry> entries = {
#if defined(BNN_X86)
      entry<FloatConvForward>("avx512", kAvx512All, avx512::run),
      entry<FloatConvBackwardInput>("avx512", kAvx512All, avx512::run),
      entry<FloatConvBackwardFilter>("avx512", kAvx512All, avx512::run),
      entry<BinaryConvForward>("avx512", kAvx512All | kVpopcntdq, avx512::run),
      entry<BinaryConvBackwardInput>("avx512", kAvx512All, avx512::run),
      entry<BinaryConvBackwardFilter>("avx512", kAvx512All, avx512::run),
      entry<FloatConvForward>("avx2", kAvx2Fma, avx2::run),
      entry<FloatConvBackwardInput>("avx2", kAvx2Fma, avx2::run),
      entry<FloatConvBackwardFilter>("avx2", kAvx2Fma, avx2::run),
      entry<MatMul>("avx2", kAvx2Fma, avx2::run),
      entry<UnitDistance>("avx2", kAvx2Fma, avx2::run),
      entry<UnitDistanceBackward>("avx2", kAvx2Fma, avx2::run),
      entry<BatchNormStatistics>("avx2", kAvx2Fma, avx2::run),
      entry<ChannelAffine>("avx2", kAvx2Fma, avx2::run),
      entry<ChannelAffineSign>("avx2", kAvx2Fma, avx2::run),
      entry<ChannelAffineClamp>("avx2", kAvx2Fma, avx2::run),
      entry<BatchNormBackward>("avx2", kAvx2Fma, avx2::run),
      entry<AddPrelu>("avx2", kAvx2Fma, avx2::run),
      entry<PreluBackward>("avx2", kAvx2Fma, avx2::run),
      entry<PackSigns>("avx2", kAvx2Fma, avx2::run),
      entry<UnpackSigns>("avx2", kAvx2Fma, avx2::run),
      entry<MeanMagnitude>("avx2", kAvx2Fma, avx2::run),
      entry<AveragePool>("avx2", kAvx2Fma, avx2::run),
      entry<AveragePoolBackward>("avx2", kAvx2Fma, avx2::run),
      entry<MaxPool>("avx2", kAvx2Fma, avx2::run),
      entry<MaxPoolBackward>("avx2", kAvx2Fma, avx2::run),
      entry<PositionMean>("avx2", kAvx2Fma, avx2::run),
      entry<PositionMeanBackward>("avx2", kAvx2Fma, avx2::run),
      entry<SwapOuter>("avx2", kAvx2Fma, avx2::run),
      entry<Elementwise>("avx2", kAvx2Fma, avx2::run),
      entry<Softmax>("avx2", kAvx2Fma, avx2::run),
      entry<AdamStep>("avx2", kAvx2Fma, avx2::run),
      entry<BinaryConvForward>("avx2", kAvx2Fma, avx2::run),
      entry<BinaryConvBackwardInput>("avx2", kAvx2Fma, avx2::run),
      entry<BinaryConvBackwardFilter>("avx2", kAvx2Fma, avx2::run),
      entry<BinaryInputConvForward>("avx2", kAvx2Fma, avx2::run),
      entry<BinaryFilterConvForward>("avx2", kAvx2Fma, avx2::run),
      entry<StraightThroughFilter>("avx2", kAvx2Fma, avx2::run),
      entry<UnitMaps>("avx2", kAvx2Fma, avx2::run),
      // Every CPU with AVX2 has the instructions of F16C.
      entry<NarrowToHalf>("avx2", kAvx2Fma, avx2::run),
      entry<WidenHalf>("avx2", kAvx2Fma, avx2::run),
#endif
      entry<FloatConvForward>("reference", 0, reference::run),
      entry<FloatConvBackwardInput>("reference", 0, reference::run),
      entry<FloatConvBackwardFilter>("reference", 0, reference::run),
      entry<MatMul>("reference", 0, reference::run),
      entry<BatchNormStatistics>("reference", 0, reference::run),
      entry<ProjectedStatistics>("reference", 0, reference::run),
      entry<ProjectedGradients>("reference", 0, reference::run),
      entry<ChannelAffine>("reference", 0, reference::run),
      entry<ChannelAffineSign>("reference", 0, reference::run),
      entry<ChannelAffineClamp>("reference", 0, reference::run),
      entry<BatchNormBackward>("reference", 0, reference::run),
      entry<AddPrelu>("reference", 0, reference::run),
      entry<PreluBackward>("reference", 0, reference::run),
      entry<AveragePool>("reference", 0, reference::run),
      entry<AveragePoolBackward>("reference", 0, reference::run),
      entry<MaxPool>("reference", 0, reference::run),
      entry<MaxPoolBackward>("reference", 0, reference::run),
      entry<PositionMean>("reference", 0, reference::run),
      entry<PositionMeanBackward>("reference", 0, reference::run),
      entry<SwapOuter>("reference", 0, reference::run),
      entry<Elementwise>("reference", 0, reference::run),
      entry<Softmax>("reference", 0, reference::run),
      entry<UnitDistance>("reference", 0, reference::run),
      entry<UnitDistanceBackward>("reference", 0, reference::run),
      entry<AdamStep>("reference", 0, reference::run),
      entry<PackSigns>("reference", 0, reference::run),
      entry<UnpackSigns>("reference", 0, reference::run),
      entry<MeanMagnitude>("reference", 0, reference::run),
      entry<BinaryConvForward>("reference", 0, reference::run),
      entry<BinaryConvBackwardInput>("reference", 0, reference::run),
      entry<BinaryConvBackwardFilter>("reference", 0, reference::run),
      entry<BinaryInputConvForward>("reference", 0, reference::run),
      entry<BinaryFilterConvForward>("reference", 0, reference::run),
      entry<StraightThroughFilter>("reference", 0, reference::run),
      entry<UnitMaps>("reference", 0, reference::run),
      entry<NarrowToHalf>("reference", 0, reference::run),
      entry<WidenHalf>("reference", 0, reference::run),
  };
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

void* detail::active_function(const char* family) {
  const Entry* found = active_entry(family);
  if (found == nullptr) throw std::logic_error(std::string("no kernel of the family ") + family);
  return found->function;
}

}  // namespace bnn
