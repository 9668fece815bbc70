// Reads the arguments of a kernel call from JavaScript one after the other, in the order of the kernel's
// struct, and checks each: a wrong one throws a TypeError that names the kernel, the argument and what was
// expected.
#pragma once

#include <napi.h>

#include <string>

#include "dispatch.h"
#include "kernels.h"

namespace bnn {

class Arguments {
 public:
  Arguments(const Napi::CallbackInfo& info, const char* kernel) : info_(info), kernel_(kernel) {}

  const float* floats(const char* name, size_t count) {
    return array<float>(name, count, napi_float32_array);
  }
  float* writable_floats(const char* name, size_t count) {
    return array<float>(name, count, napi_float32_array);
  }
  uint32_t* words(const char* name, size_t count) { return array<uint32_t>(name, count, napi_uint32_array); }
  uint16_t* halves(const char* name, size_t count) { return array<uint16_t>(name, count, napi_uint16_array); }
  // null or undefined gives nullptr
  float* optional_floats(const char* name, size_t count) {
    return absent() ? skip<float>() : writable_floats(name, count);
  }
  uint32_t* optional_words(const char* name, size_t count) {
    return absent() ? skip<uint32_t>() : words(name, count);
  }

  size_t size(const char* name) {
    const double value = number(name);
    if (!(value >= 0 && value <= 9007199254740991.0) ||
        value != static_cast<double>(static_cast<size_t>(value)))
      fail(name, "a whole number from 0");
    return static_cast<size_t>(value);
  }

  int integer(const char* name) {
    const size_t value = size(name);
    if (value > 0x7fffffff) fail(name, "a whole number below 2^31");
    return static_cast<int>(value);
  }

  // null or undefined gives 0
  int optional_integer(const char* name) {
    if (!absent()) return integer(name);
    ++position_;
    return 0;
  }

  double number(const char* name) {
    const Napi::Value value = next();
    if (!value.IsNumber()) fail(name, "a number");
    return value.As<Napi::Number>().DoubleValue();
  }

  bool flag(const char* name) {
    const Napi::Value value = next();
    if (!value.IsBoolean()) fail(name, "true or false");
    return value.As<Napi::Boolean>().Value();
  }

  // An Int32Array of the fourteen fields of ConvShape in order.
  ConvShape shape() {
    const int32_t* v = array<int32_t>("shape", 14, napi_int32_array);
    const ConvShape s{v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10], v[11], v[12], v[13]};
    if (s.h < 1 || s.w < 1 || s.n < 1 || s.c < 1 || s.k < 1 || s.kernel_h < 1 || s.kernel_w < 1 ||
        s.stride_h < 1 || s.stride_w < 1 || s.pad_top < 0 || s.pad_left < 0 || s.out_h < 0 || s.out_w < 0)
      fail("shape", "positive sizes");
    if (s.groups < 1 || s.c % s.groups != 0 || s.k % s.groups != 0)
      fail("shape", "of groups that divide its channels");
    return s;
  }

  [[noreturn]] void fail(const char* name, const std::string& expected) const {
    throw Napi::TypeError::New(info_.Env(),
                               std::string(kernel_) + ": argument '" + name + "' must be " + expected);
  }

 private:
  template <class T>
  T* array(const char* name, size_t count, napi_typedarray_type wanted) {
    const Napi::Value value = next();
    napi_typedarray_type type;
    size_t length = 0;
    void* data = nullptr;
    if (napi_get_typedarray_info(info_.Env(), value, &type, &length, &data, nullptr, nullptr) != napi_ok ||
        type != wanted)
      fail(name, wanted == napi_float32_array  ? "a Float32Array"
                 : wanted == napi_uint32_array ? "a Uint32Array"
                 : wanted == napi_uint16_array ? "a Uint16Array"
                                               : "an Int32Array");
    if (length < count)
      fail(name, "at least " + std::to_string(count) + " elements, got " + std::to_string(length));
    return static_cast<T*>(data);
  }

  template <class T>
  T* skip() {
    ++position_;
    return nullptr;
  }

  bool absent() const { return info_[position_].IsNull() || info_[position_].IsUndefined(); }
  Napi::Value next() { return info_[position_++]; }

  const Napi::CallbackInfo& info_;
  const char* kernel_;
  size_t position_ = 0;
};

// Words of a packed row of `channels` bits.
inline size_t words_per_row(int channels) { return (static_cast<size_t>(channels) + 31) / 32; }
// Words of a convolution's packed input and filter.
inline size_t packed_input(const ConvShape& s) {
  return static_cast<size_t>(s.h) * s.w * s.n * words_per_row(s.c);
}
inline size_t packed_filter(const ConvShape& s) { return s.filter_rows() * words_per_row(s.k); }

// Defines exports[Args::family] as a function that reads the arguments with `read` and runs the active
// kernel.
template <class Args>
void define_kernel(Napi::Env env, Napi::Object exports, Args (*read)(Arguments&)) {
  exports.Set(Args::family, Napi::Function::New(
                                env,
                                [read](const Napi::CallbackInfo& info) {
                                  Arguments arguments(info, Args::family);
                                  const Args args = read(arguments);
                                  try {
                                    run(args);
                                  } catch (const std::exception& error) {
                                    throw Napi::Error::New(info.Env(),
                                                           std::string(Args::family) + ": " + error.what());
                                  }
                                },
                                Args::family));
}

void define_convolution_kernels(Napi::Env env, Napi::Object exports);
void define_residual_block_kernels(Napi::Env env, Napi::Object exports);
void define_normalisation_kernels(Napi::Env env, Napi::Object exports);
void define_pooling_kernels(Napi::Env env, Napi::Object exports);
void define_elementwise_kernels(Napi::Env env, Napi::Object exports);
void define_attention_kernels(Napi::Env env, Napi::Object exports);
void define_loss_kernels(Napi::Env env, Napi::Object exports);
void define_probe_functions(Napi::Env env, Napi::Object exports);

}  // namespace bnn
