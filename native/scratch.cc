#include "scratch.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <limits>
#include <new>
#include <stdexcept>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) (static_cast<void>(address), static_cast<void>(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ASAN_POISON_MEMORY_REGION(address, size)
#endif

namespace bnn {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kPage = 4096;

size_t round_up(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }

std::atomic<size_t> held{0};

// Memory from the system, with this description at its front.
struct alignas(kAlignment) Block {
  Block* below;       // the block that was the top before this one, or null
  size_t used_below;  // bytes that were used of it
  size_t size;        // bytes after the description

  char* memory() { return reinterpret_cast<char*>(this + 1); }
};

// A stack of blocks. Memory is taken from the top block; when it is full, another is put on it. When all
// memory has been given back, one block takes the place of several, as large as the most that was ever used
// at once.
class Arena {
 public:
  Scratch* innermost = nullptr;

  ~Arena() {
    while (top_ != nullptr) pop();
  }

  Block* top() const { return top_; }
  size_t used() const { return used_; }

  void* take(size_t bytes) {
    if (bytes > std::numeric_limits<size_t>::max() - kPage - sizeof(Block)) throw std::bad_alloc();
    const size_t rounded = round_up(bytes, kAlignment);
    if ((top_ == nullptr || rounded > top_->size - used_) && !push(rounded)) throw std::bad_alloc();
    char* const memory = top_->memory() + used_;
    ASAN_UNPOISON_MEMORY_REGION(memory, bytes);
    used_ += rounded;
    most_used_ = std::max(most_used_, used_ + used_below_);
    return memory;
  }

  void give_back(void* top, size_t used) {
    while (top_ != top) pop();
    if (top_ != nullptr) ASAN_POISON_MEMORY_REGION(top_->memory() + used, used_ - used);
    used_ = used;
  }

  // After all memory was given back.
  void join_blocks() {
    if (most_used_ <= (top_ == nullptr ? 0 : top_->size)) return;
    if (top_ != nullptr) pop();
    push(most_used_);
  }

 private:
  // False when the system has no memory for it.
  bool push(size_t least) {
    const size_t bytes = round_up(sizeof(Block) + least, kPage);
    auto* const block = static_cast<Block*>(std::aligned_alloc(kAlignment, bytes));
    if (block == nullptr) return false;
    *block = {top_, used_, bytes - sizeof(Block)};
    ASAN_POISON_MEMORY_REGION(block->memory(), block->size);
    held += bytes;
    used_below_ += used_;
    top_ = block;
    used_ = 0;
    return true;
  }

  void pop() {
    Block* const block = top_;
    top_ = block->below;
    used_ = block->used_below;
    used_below_ -= used_;
    held -= sizeof(Block) + block->size;
    ASAN_UNPOISON_MEMORY_REGION(block->memory(), block->size);
    std::free(block);
  }

  Block* top_ = nullptr;
  size_t used_ = 0;        // bytes of the top block
  size_t used_below_ = 0;  // bytes of the other blocks
  size_t most_used_ = 0;   // bytes of all blocks, at any time
};

thread_local Arena arena;

}  // namespace

Scratch::Scratch() : outer_(arena.innermost), block_(arena.top()), used_(arena.used()) {
  arena.innermost = this;
}

Scratch::~Scratch() {
  arena.innermost = outer_;
  arena.give_back(block_, used_);
  if (outer_ == nullptr) arena.join_blocks();
}

void* Scratch::take_bytes(size_t bytes) {
  if (arena.innermost != this)
    throw std::logic_error("scratch memory is taken in a scope that is not the thread's innermost");
  return arena.take(bytes);
}

void Scratch::fail() { throw std::bad_alloc(); }

size_t scratch_total() { return held; }

}  // namespace bnn
