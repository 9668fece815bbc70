#include <cstring>

#include "implementations.h"

namespace bnn::reference {
namespace {

uint32_t bits_of(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

float from_bits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

// `value` without its lowest `count` bits, rounded to nearest, ties to even.
uint32_t rounded_shift(uint32_t value, int count) {
  const uint32_t kept = value >> count;
  const uint32_t rest = value & ((1u << count) - 1);
  const uint32_t half = 1u << (count - 1);
  return kept + (rest > half || (rest == half && (kept & 1)));
}

uint16_t narrow(float x) {
  const uint32_t bits = bits_of(x);
  const uint32_t sign = (bits >> 16) & 0x8000;
  const uint32_t magnitude = bits & 0x7fffffff;
  // A NaN keeps the upper bits of its payload and becomes quiet.
  if (magnitude > 0x7f800000) return static_cast<uint16_t>(sign | 0x7e00 | ((magnitude >> 13) & 0x3ff));
  const int exponent = static_cast<int>(magnitude >> 23) - 127;
  if (exponent > 15) return static_cast<uint16_t>(sign | 0x7c00);
  // Rounding up may carry into the exponent, up to that of infinity. The encoding makes this right.
  if (exponent >= -14) return static_cast<uint16_t>(sign | (rounded_shift(magnitude, 13) - (112u << 10)));
  // Subnormal: multiples of 2^-24.
  const uint32_t significand = (magnitude & 0x7fffff) | 0x800000;
  const int shift = -1 - exponent;
  return static_cast<uint16_t>(sign | (shift > 25 ? 0 : rounded_shift(significand, shift)));
}

float widen(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = (half >> 10) & 31;
  const uint32_t fraction = half & 0x3ff;
  if (exponent == 31) return from_bits(sign | 0x7f800000 | (fraction << 13) | (fraction ? 0x400000 : 0));
  if (exponent != 0) return from_bits(sign | ((exponent + 112) << 23) | (fraction << 13));
  const float magnitude = static_cast<float>(fraction) * from_bits(0x33800000);  // 2^-24
  return from_bits(sign | bits_of(magnitude));
}

}  // namespace

void narrow_to_half_reference(const NarrowToHalf& a) {
  for (size_t i = 0; i < a.size; ++i) a.y[i] = narrow(a.x[i]);
}

void widen_half_reference(const WidenHalf& a) {
  for (size_t i = 0; i < a.size; ++i) a.y[i] = widen(a.x[i]);
}

}  // namespace bnn::reference
