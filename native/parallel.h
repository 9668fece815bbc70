// A fixed pool of threads that runs independent tasks. The calling thread takes part.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace bnn {

// The number of threads that take part in a parallel_for, the caller among them.
int thread_count();

// Starts or stops threads so that `count` take part. Never call it while a parallel_for runs.
void set_thread_count(int count);

namespace detail {
using TaskFunction = void (*)(void* context, int64_t task);
void run_tasks(int64_t tasks, TaskFunction function, void* context);
}  // namespace detail

// Calls body(task) for each task in [0, tasks), in any order and on any thread. Results are the same bits
// whatever the number of threads as long as tasks write disjoint memory: a reduction makes one partial result
// a task, and the number of tasks depends on the shape alone.
template <class Body>
void parallel_for(int64_t tasks, Body&& body) {
  using Type = std::remove_reference_t<Body>;
  detail::run_tasks(tasks, [](void* context, int64_t task) { (*static_cast<Type*>(context))(task); }, &body);
}

// Memory of the calling thread that lives until its next scratch() call with the same slot. It only grows, so
// that a steady step takes nothing from the system. Aligned to 64 bytes; contents are undefined. Kernels
// called by each other use different slots.
void* scratch_bytes(int slot, size_t bytes);

template <class T>
T* scratch(int slot, size_t count) {
  return static_cast<T*>(scratch_bytes(slot, count * sizeof(T)));
}

constexpr int kScratchSlots = 18;

// Bytes that all threads' scratch memory holds now.
size_t scratch_total();

}  // namespace bnn
