#include "parallel.h"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace bnn {
namespace {

inline void pause_briefly() {
#if defined(__x86_64__) || defined(__i386__)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

thread_local bool inside_task = false;

// Says for its lifetime that this thread runs a task.
class InsideTask {
 public:
  InsideTask() { inside_task = true; }
  ~InsideTask() { inside_task = false; }
};

// The tasks of one parallel_for.
class Job {
 public:
  void begin(int64_t tasks, detail::TaskFunction function, void* context) {
    tasks_ = tasks;
    function_ = function;
    context_ = context;
    failed_.store(false, std::memory_order_relaxed);
    next_.store(0, std::memory_order_relaxed);
  }

  // Runs tasks until none is left; several threads do so at once.
  void work() noexcept {
    const InsideTask inside;
    try {
      while (!failed_.load(std::memory_order_relaxed)) {
        const int64_t task = next_.fetch_add(1, std::memory_order_relaxed);
        if (task >= tasks_) return;
        function_(context_, task);
      }
    } catch (...) {
      if (!failed_.exchange(true)) error_ = std::current_exception();
    }
  }

  // Once all threads are done.
  void rethrow() {
    if (failed_.load(std::memory_order_relaxed)) std::rethrow_exception(std::exchange(error_, nullptr));
  }

 private:
  int64_t tasks_ = 0;
  detail::TaskFunction function_ = nullptr;
  void* context_ = nullptr;
  std::atomic<int64_t> next_{0};
  std::atomic<bool> failed_{false};
  std::exception_ptr error_;
};

// Workers spin for a short while after a job, since the next kernel of a step follows within microseconds.
// Then they sleep, so that an idle process uses no processor time.
constexpr int kSpins = 2000;

class Pool {
 public:
  int size() const { return size_.load(std::memory_order_relaxed); }

  void resize(int count) {
    const std::lock_guard<std::mutex> turn(turns_);
    if (count == size()) return;
    stop();
    for (int i = 1; i < count; ++i) {
      workers_.emplace_back([this, seen = generation_.load()] { loop(seen); });
      size_.store(i + 1, std::memory_order_relaxed);
    }
  }

  void run(int64_t tasks, detail::TaskFunction function, void* context) {
    const std::lock_guard<std::mutex> turn(turns_);
    job_.begin(tasks, function, context);
    busy_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
    begin_generation();
    job_.work();
    for (int spin = 0; busy_.load(std::memory_order_acquire) != 0; ++spin) {
      if (spin < kSpins) {
        pause_briefly();
      } else {
        std::unique_lock<std::mutex> lock(mutex_);
        done_.wait(lock, [this] { return busy_.load(std::memory_order_acquire) == 0; });
      }
    }
    job_.rethrow();
  }

 private:
  // Sends all workers to the job, or to their end.
  void begin_generation() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      generation_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
  }

  void loop(uint64_t seen) {
    for (;;) {
      for (int spin = 0; spin < kSpins && generation_.load(std::memory_order_acquire) == seen; ++spin)
        pause_briefly();
      if (generation_.load(std::memory_order_acquire) == seen) {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, [&] { return generation_.load(std::memory_order_acquire) != seen; });
      }
      seen = generation_.load(std::memory_order_acquire);
      if (stopping_) return;
      job_.work();
      if (busy_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        const std::lock_guard<std::mutex> lock(mutex_);
        done_.notify_one();
      }
    }
  }

  void stop() {
    stopping_ = true;
    begin_generation();
    for (auto& worker : workers_) worker.join();
    workers_.clear();
    size_.store(1, std::memory_order_relaxed);
    stopping_ = false;
  }

  std::mutex turns_;  // of the threads that call run and resize
  std::vector<std::thread> workers_;
  std::atomic<int> size_{1};  // the workers and the caller
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  std::atomic<uint64_t> generation_{0};
  std::atomic<int> busy_{0};  // workers that are not done with the job
  bool stopping_ = false;
  Job job_;
};

Pool& pool() {
  // Never destroyed: at process exit the threads are simply ended with it.
  static Pool* const instance = new Pool();
  return *instance;
}

}  // namespace

int thread_count() { return pool().size(); }

void set_thread_count(int count) { pool().resize(count < 1 ? 1 : count); }

void detail::run_tasks(int64_t tasks, TaskFunction function, void* context) {
  // A task that starts tasks of its own runs them itself.
  if (tasks > 1 && !inside_task && pool().size() > 1) return pool().run(tasks, function, context);
  for (int64_t task = 0; task < tasks; ++task) function(context, task);
}

}  // namespace bnn
