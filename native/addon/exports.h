// How a function of the addon is defined: what goes wrong in it reaches JavaScript as an Error.
#pragma once

#include <napi.h>

#include <new>
#include <string>

namespace bnn {

// Exports `call`, which takes a CallbackInfo and gives a value, under a name. A C++ exception, of memory that
// is not there for one, becomes an Error of the same message.
template <class Call>
void define(Napi::Env env, Napi::Object exports, const char* name, Call call) {
  const auto guarded = [name, call](const Napi::CallbackInfo& info) -> Napi::Value {
    try {
      return call(info);
    } catch (const Napi::Error&) {
      throw;
    } catch (const std::bad_alloc&) {
      throw Napi::Error::New(info.Env(), std::string(name) + ": there is not enough memory");
    } catch (const std::exception& error) {
      throw Napi::Error::New(info.Env(), std::string(name) + ": " + error.what());
    }
  };
  exports.Set(name, Napi::Function::New(env, guarded, name));
}

void define_kernels(Napi::Env env, Napi::Object exports);
void define_controls(Napi::Env env, Napi::Object exports);
void define_probes(Napi::Env env, Napi::Object exports);

}  // namespace bnn
