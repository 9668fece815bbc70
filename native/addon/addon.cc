// The module's entry: one function a kernel, and the controls of threads, instruction set and memory.
#include <cstdlib>

#include "addon/arguments.h"
#include "dispatch.h"
#include "parallel.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace bnn {
namespace {

// An ArrayBuffer outside V8's heap, aligned to a page; large ones ask for huge pages, which cost fewer page
// faults.
Napi::Value allocate(const Napi::CallbackInfo& info) {
  Arguments arguments(info, "allocate");
  const size_t page = 4096;
  const size_t huge = 2u << 20;
  const size_t wanted = arguments.size("bytes");
  const size_t alignment = wanted >= huge ? huge : page;
  const size_t bytes = (wanted + page - 1) / page * page;
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment, bytes == 0 ? page : bytes) != 0)
    throw Napi::Error::New(info.Env(), "allocate: no memory for " + std::to_string(bytes) + " bytes");
#if defined(__linux__)
  if (wanted >= huge) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return Napi::ArrayBuffer::New(info.Env(), memory, bytes, [](Napi::Env, void* data) { std::free(data); });
}

Napi::Value kernels(const Napi::CallbackInfo& info) {
  const auto list = kernel_list();
  Napi::Array result = Napi::Array::New(info.Env(), list.size());
  for (size_t i = 0; i < list.size(); ++i) {
    Napi::Object entry = Napi::Object::New(info.Env());
    entry.Set("family", list[i].family);
    entry.Set("isa", list[i].isa);
    entry.Set("available", list[i].available);
    entry.Set("active", list[i].active);
    result.Set(static_cast<uint32_t>(i), entry);
  }
  return result;
}

Napi::Value cpu(const Napi::CallbackInfo& info) {
  const struct {
    const char* name;
    uint32_t bit;
  } names[] = {{"avx2", kAvx2},           {"fma", kFma},   {"avx512", kAvx512},
               {"vpopcntdq", kVpopcntdq}, {"vbmi", kVbmi}, {"vnni", kVnni}};
  Napi::Array result = Napi::Array::New(info.Env());
  uint32_t count = 0;
  for (const auto& feature : names)
    if (cpu_features() & feature.bit) result.Set(count++, feature.name);
  return result;
}

Napi::Value stop_timing(const Napi::CallbackInfo& info) {
  const auto times = bnn::stop_timing();
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

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("allocate", Napi::Function::New(env, allocate));
  exports.Set("kernels", Napi::Function::New(env, kernels));
  exports.Set("cpuFeatures", Napi::Function::New(env, cpu));
  exports.Set("instructionSets", Napi::Function::New(env, [](const Napi::CallbackInfo& info) -> Napi::Value {
                Napi::Array result = Napi::Array::New(info.Env());
                uint32_t count = 0;
                for (const auto& name : instruction_sets()) result.Set(count++, name);
                return result;
              }));
  exports.Set("forceIsa", Napi::Function::New(env, [](const Napi::CallbackInfo& info) -> Napi::Value {
                return Napi::Boolean::New(
                    info.Env(), force_isa(info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : ""));
              }));
  exports.Set("forcedIsa", Napi::Function::New(env, [](const Napi::CallbackInfo& info) -> Napi::Value {
                return Napi::String::New(info.Env(), forced_isa());
              }));
  exports.Set("setThreads", Napi::Function::New(env, [](const Napi::CallbackInfo& info) {
                Arguments arguments(info, "setThreads");
                set_thread_count(arguments.integer("count"));
              }));
  exports.Set("threads", Napi::Function::New(env, [](const Napi::CallbackInfo& info) -> Napi::Value {
                return Napi::Number::New(info.Env(), thread_count());
              }));
  exports.Set("startTiming", Napi::Function::New(env, [](const Napi::CallbackInfo& info) {
                Arguments arguments(info, "startTiming");
                start_timing(arguments.flag("shapes"));
              }));
  exports.Set("stopTiming", Napi::Function::New(env, stop_timing));
  exports.Set("scratchBytes", Napi::Function::New(env, [](const Napi::CallbackInfo& info) -> Napi::Value {
                return Napi::Number::New(info.Env(), static_cast<double>(scratch_total()));
              }));
  define_convolution_kernels(env, exports);
  define_residual_block_kernels(env, exports);
  define_normalisation_kernels(env, exports);
  define_pooling_kernels(env, exports);
  define_elementwise_kernels(env, exports);
  define_attention_kernels(env, exports);
  define_loss_kernels(env, exports);
  define_probe_functions(env, exports);
  return exports;
}

}  // namespace
}  // namespace bnn

static Napi::Object Init(Napi::Env env, Napi::Object exports) { return bnn::init(env, exports); }
NODE_API_MODULE(bnn_distill, Init)
