#include "parallel.h"

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
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

struct Job {
  detail::TaskFunction function = nullptr;
  void* context = nullptr;
  int64_t tasks = 0;
  std::atomic<int64_t> next{0};

  void work() {
    for (;;) {
      const int64_t task = next.fetch_add(1, std::memory_order_relaxed);
      if (task >= tasks) return;
      function(context, task);
    }
  }
};

// Workers spin for a short while after a job, since the next kernel of a step follows within microseconds;
// then they sleep, so that an idle process uses no processor time.
constexpr int kSpins = 2000;

class Pool {
 public:
  ~Pool() { stop(); }

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  void resize(int count) {
    if (count == size()) return;
    stop();
    stopping_ = false;
    for (int i = 1; i < count; ++i) workers_.emplace_back([this, seen = generation_.load()] { loop(seen); });
  }

  void run(int64_t tasks, detail::TaskFunction function, void* context) {
    // Several JavaScript threads may load the addon; their kernels take turns.
    std::lock_guard<std::mutex> turn(turns_);
    job_.function = function;
    job_.context = context;
    job_.tasks = tasks;
    job_.next.store(0, std::memory_order_relaxed);
    busy_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      generation_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    job_.work();
    for (int spin = 0; busy_.load(std::memory_order_acquire) != 0; ++spin) {
      if (spin < kSpins) {
        pause_briefly();
      } else {
        std::unique_lock<std::mutex> lock(mutex_);
        done_.wait(lock, [this] { return busy_.load(std::memory_order_acquire) == 0; });
      }
    }
  }

 private:
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
        std::lock_guard<std::mutex> lock(mutex_);
        done_.notify_one();
      }
    }
  }

  void stop() {
    if (workers_.empty()) return;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
      generation_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    for (auto& worker : workers_) worker.join();
    workers_.clear();
  }

  std::vector<std::thread> workers_;
  std::mutex turns_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  std::atomic<uint64_t> generation_{0};
  std::atomic<int> busy_{0};
  bool stopping_ = false;
  Job job_;
};

Pool& pool() {
  // Never destroyed: at process exit the threads are simply ended with it.
  static Pool* const instance = new Pool();
  return *instance;
}

std::atomic<size_t> scratch_in_use{0};

struct Arena {
  void* memory[kScratchSlots] = {};
  size_t bytes[kScratchSlots] = {};

  ~Arena() {
    for (int slot = 0; slot < kScratchSlots; ++slot) {
      std::free(memory[slot]);
      scratch_in_use -= bytes[slot];
    }
  }
};

thread_local Arena arena;
thread_local bool inside_task = false;

}  // namespace

int thread_count() { return pool().size(); }

void set_thread_count(int count) { pool().resize(count < 1 ? 1 : count); }

void detail::run_tasks(int64_t tasks, TaskFunction function, void* context) {
  // A task that starts tasks of its own runs them itself.
  if (tasks <= 1 || inside_task || pool().size() == 1) {
    for (int64_t task = 0; task < tasks; ++task) function(context, task);
    return;
  }
  struct Wrapped {
    TaskFunction function;
    void* context;
  } wrapped{function, context};
  pool().run(
      tasks,
      [](void* raw, int64_t task) {
        auto* inner = static_cast<Wrapped*>(raw);
        inside_task = true;
        inner->function(inner->context, task);
        inside_task = false;
      },
      &wrapped);
}

void* scratch_bytes(int slot, size_t bytes) {
  if (arena.bytes[slot] < bytes) {
    const size_t rounded = (bytes + 4095) / 4096 * 4096;
    std::free(arena.memory[slot]);
    scratch_in_use += rounded - arena.bytes[slot];
    arena.memory[slot] = std::aligned_alloc(4096, rounded);
    arena.bytes[slot] = rounded;
    if (arena.memory[slot] == nullptr) throw std::bad_alloc();
  }
  return arena.memory[slot];
}

size_t scratch_total() { return scratch_in_use; }

}  // namespace bnn
