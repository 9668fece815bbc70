// AVX-512 for machines without it, so that tests can run its kernels there: SIMDe (Debian's libsimde-dev)
// gives the intrinsics portable bodies, and below are those that its version 0.7.4 lacks.
#pragma once

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>

#include <cstring>

namespace bnn::emulation {

template <class To, class From>
inline To bits_as(const From& from) {
  static_assert(sizeof(To) == sizeof(From), "the same bits");
  To to;
  std::memcpy(&to, &from, sizeof(to));
  return to;
}

struct Words {
  uint32_t of[16];
};

// The words of the lanes that are on, 0 in the others; no word of the others is read.
template <class Vector>
inline Vector load(__mmask16 lanes, const void* from) {
  Words words{};
  for (int i = 0; i < 16; ++i)
    if (lanes >> i & 1) std::memcpy(&words.of[i], static_cast<const char*>(from) + 4 * i, 4);
  return bits_as<Vector>(words);
}

template <class Vector>
inline void store(void* to, __mmask16 lanes, Vector v) {
  const Words words = bits_as<Words>(v);
  for (int i = 0; i < 16; ++i)
    if (lanes >> i & 1) std::memcpy(static_cast<char*>(to) + 4 * i, &words.of[i], 4);
}

inline simde__m512 to_floats(simde__m512i v) {
  Words words = bits_as<Words>(v);
  for (uint32_t& word : words.of) word = bits_as<uint32_t>(static_cast<float>(static_cast<int32_t>(word)));
  return bits_as<simde__m512>(words);
}

}  // namespace bnn::emulation

#define _mm512_maskz_loadu_ps(lanes, from) bnn::emulation::load<simde__m512>(lanes, from)
#define _mm512_maskz_loadu_epi32(lanes, from) bnn::emulation::load<simde__m512i>(lanes, from)
#define _mm512_mask_storeu_ps(to, lanes, v) bnn::emulation::store(to, lanes, v)
#define _mm512_cvtepi32_ps(v) bnn::emulation::to_floats(v)
