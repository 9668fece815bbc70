// The one argument of a function that is no kernel: a wrong one throws a TypeError that names it.
#pragma once

#include <napi.h>

#include <cmath>
#include <cstdint>
#include <string>

namespace bnn {

[[noreturn]] inline void refuse_argument(Napi::Env env, const char* function, const char* name,
                                         const std::string& expected) {
  throw Napi::TypeError::New(env, std::string(function) + ": '" + name + "' must be " + expected);
}

// A whole number from `least` to `most`.
inline int64_t whole_argument(const Napi::CallbackInfo& info, const char* function, const char* name,
                              int64_t least, int64_t most) {
  const double value = info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : NAN;
  if (!(value >= static_cast<double>(least) && value <= static_cast<double>(most)) ||
      value != std::floor(value))
    refuse_argument(info.Env(), function, name,
                    "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return static_cast<int64_t>(value);
}

inline bool flag_argument(const Napi::CallbackInfo& info, const char* function, const char* name) {
  if (!info[0].IsBoolean()) refuse_argument(info.Env(), function, name, "true or false");
  return info[0].As<Napi::Boolean>().Value();
}

inline std::string text_argument(const Napi::CallbackInfo& info, const char* function, const char* name) {
  if (!info[0].IsString()) refuse_argument(info.Env(), function, name, "a string");
  return info[0].As<Napi::String>().Utf8Value();
}

}  // namespace bnn
