// The controls of memory, threads, instruction set and timing.
#include <cstdlib>
#include <memory>

#include "addon/argument.h"
#include "addon/exports.h"
#include "dispatch.h"
#include "parallel.h"
#include "scratch.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace bnn {
namespace {

constexpr int64_t kMostBytes = int64_t{1} << 32;
constexpr int64_t kMostThreads = 1024;

// An ArrayBuffer outside V8's heap, aligned to a page; large ones ask for huge pages, which cost fewer page
// faults.
Napi::Value allocate(const Napi::CallbackInfo& info) {
  const size_t wanted = whole_argument(info, "allocate", "bytes", 0, kMostBytes);
  const size_t page = 4096;
  const size_t huge = 2u << 20;
  const size_t alignment = wanted >= huge ? huge : page;
  const size_t bytes = wanted == 0 ? page : (wanted + page - 1) / page * page;
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment, bytes) != 0) throw std::bad_alloc();
  std::unique_ptr<void, decltype(&std::free)> owned(memory, &std::free);
#if defined(__linux__)
  if (wanted >= huge) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  const auto buffer =
      Napi::ArrayBuffer::New(info.Env(), memory, bytes, [](Napi::Env, void* data) { std::free(data); });
  owned.release();
  return buffer;
}

Napi::Value kernels(const Napi::CallbackInfo& info) {
  const auto list = kernel_list();
  Napi::Array result = Napi::Array::New(info.Env(), list.size());
  for (size_t i = 0; i < list.size(); ++i) {
    Napi::Object entry = Napi::Object::New(info.Env());
    entry.Set("family", list[i].family);
    entry.Set("name", list[i].name);
    entry.Set("isa", list[i].isa);
    entry.Set("available", list[i].available);
    entry.Set("active", list[i].active);
    result.Set(static_cast<uint32_t>(i), entry);
  }
  return result;
}

Napi::Value cpu_feature_names(const Napi::CallbackInfo& info) {
  const struct {
    const char* name;
    uint32_t bit;
  } names[] = {{"avx2", kAvx2}, {"fma", kFma}, {"avx512", kAvx512}, {"vpopcntdq", kVpopcntdq}};
  Napi::Array result = Napi::Array::New(info.Env());
  uint32_t count = 0;
  for (const auto& feature : names)
    if (cpu_features() & feature.bit) result.Set(count++, feature.name);
  return result;
}

Napi::Value instruction_set_names(const Napi::CallbackInfo& info) {
  Napi::Array result = Napi::Array::New(info.Env());
  uint32_t count = 0;
  for (const auto& name : instruction_sets()) result.Set(count++, name);
  return result;
}

Napi::Value kernel_times(const Napi::CallbackInfo& info) {
  const auto times = stop_timing();
  Napi::Array result = Napi::Array::New(info.Env(), times.size());
  for (size_t i = 0; i < times.size(); ++i) {
    Napi::Object entry = Napi::Object::New(info.Env());
    entry.Set("name", times[i].name);
    entry.Set("calls", static_cast<double>(times[i].calls));
    entry.Set("ms", times[i].milliseconds);
    result.Set(static_cast<uint32_t>(i), entry);
  }
  return result;
}

}  // namespace

void define_controls(Napi::Env env, Napi::Object exports) {
  define(env, exports, "allocate", allocate);
  define(env, exports, "kernels", kernels);
  define(env, exports, "cpuFeatures", cpu_feature_names);
  define(env, exports, "instructionSets", instruction_set_names);
  define(env, exports, "forceIsa", [](const Napi::CallbackInfo& info) {
    return Napi::Boolean::New(info.Env(), force_isa(text_argument(info, "forceIsa", "isa")));
  });
  define(env, exports, "forcedIsa",
         [](const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), forced_isa()); });
  define(env, exports, "setThreads", [](const Napi::CallbackInfo& info) {
    set_thread_count(static_cast<int>(whole_argument(info, "setThreads", "count", 1, kMostThreads)));
    return info.Env().Undefined();
  });
  define(env, exports, "threads",
         [](const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), thread_count()); });
  define(env, exports, "startTiming", [](const Napi::CallbackInfo& info) {
    start_timing(flag_argument(info, "startTiming", "shapes"));
    return info.Env().Undefined();
  });
  define(env, exports, "stopTiming", kernel_times);
  define(env, exports, "scratchBytes", [](const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(scratch_total()));
  });
}

}  // namespace bnn
