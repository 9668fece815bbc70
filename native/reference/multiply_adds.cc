#include "probe.h"

namespace bnn::reference {

// A multiplication and an addition in the instructions that every CPU has, four floats at a time.
size_t multiply_adds_reference(size_t rounds) {
  typedef float Four __attribute__((vector_size(16)));
  constexpr size_t kChains = 12;
  constexpr size_t kLanes = 4;
  const Four factor = {0.75f, 0.75f, 0.75f, 0.75f};
  const Four addend = {0.25f, 0.25f, 0.25f, 0.25f};
  Four chain[kChains];
  for (size_t i = 0; i < kChains; ++i) {
    const float start = static_cast<float>(rounds % 7 + i);
    chain[i] = Four{start, start, start, start};
  }
  for (size_t round = 0; round < rounds; ++round)
    for (size_t i = 0; i < kChains; ++i) chain[i] = chain[i] * factor + addend;
  for (size_t i = 1; i < kChains; ++i) chain[0] += chain[i];
  [[maybe_unused]] volatile float sink = chain[0][0];
  return rounds * kChains * kLanes;
}

}  // namespace bnn::reference
