// Temporary memory of kernels.
//
//   Scratch scratch;
//   float* sums = scratch.take<float>(rows, channels);
//
// Each thread has one arena. A scope gives back at its end what was taken in it, so a kernel opens a scope,
// each of its tasks opens another, and a kernel that calls another keeps its own memory. The arena only
// grows: once the largest call has run, no call takes memory from the system.
#pragma once

#include <cstddef>
#include <type_traits>

namespace bnn {

// A scope of the calling thread's arena. Scopes of a thread end in the reverse of the order in which they
// began.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  // Memory for the product of `sizes` elements until the scope ends, aligned to 64 bytes, with undefined
  // contents. Throws std::bad_alloc when there is not that much memory or its size overflows, and
  // std::logic_error when this is not the innermost scope of the calling thread.
  template <class T, class... Sizes>
  T* take(Sizes... sizes) {
    static_assert(std::is_trivially_copyable_v<T>, "nothing is constructed in scratch memory");
    size_t bytes = sizeof(T);
    ((bytes = product(bytes, static_cast<size_t>(sizes))), ...);
    return static_cast<T*>(take_bytes(bytes));
  }

 private:
  static size_t product(size_t a, size_t b) {
    size_t bytes;
    if (__builtin_mul_overflow(a, b, &bytes)) fail();
    return bytes;
  }

  void* take_bytes(size_t bytes);
  [[noreturn]] static void fail();  // with std::bad_alloc

  Scratch* const outer_;
  void* const block_;  // where the arena stood when the scope began
  const size_t used_;
};

// The bytes that the arenas of all threads hold now.
size_t scratch_total();

}  // namespace bnn
