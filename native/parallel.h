// A pool of threads that runs independent tasks. The calling thread takes part.
#pragma once

#include <cstdint>
#include <type_traits>

namespace bnn {

// The number of threads that take part in a parallel_for, the caller among them.
int thread_count();

// Starts or stops threads so that `count` take part. It waits for a parallel_for of another thread to end.
void set_thread_count(int count);

namespace detail {
using TaskFunction = void (*)(void* context, int64_t task);
void run_tasks(int64_t tasks, TaskFunction function, void* context);
}  // namespace detail

// Calls body(task) for each task in [0, tasks), in any order and on any thread. Results are the same bits
// whatever the number of threads as long as tasks write disjoint memory: a reduction makes one partial result
// for each task, and the number of tasks depends on the shape alone.
//
// Several threads may call it at once; they take turns. When a task throws, tasks that have not begun are
// left out, and the first exception is thrown again here.
template <class Body>
void parallel_for(int64_t tasks, Body&& body) {
  using Type = std::remove_reference_t<Body>;
  detail::run_tasks(tasks, [](void* context, int64_t task) { (*static_cast<Type*>(context))(task); }, &body);
}

}  // namespace bnn
