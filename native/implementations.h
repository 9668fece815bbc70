// The functions of implementations.inc, each in the namespace of its instruction set, and what the list says
// of them.
#pragma once

#include "kernels.h"

namespace bnn {

// What an implementation can do, or needs beyond its instruction set.
enum Property {
  // It runs convolutions of several groups. Any other implementation gets one group at a time (grouped.h).
  kTakesGroups,
  kNeedsVpopcntdq,
};

#define IMPLEMENTATION(Family, isa, function, ...) \
  namespace isa {                                  \
  void function(const Family&);                    \
  }
#define REFERENCE(Family, function) IMPLEMENTATION(Family, reference, function)
#define SEQUENCE(Family, function) IMPLEMENTATION(Family, sequences, function)
#include "implementations.inc"
#undef SEQUENCE
#undef REFERENCE
#undef IMPLEMENTATION

}  // namespace bnn
