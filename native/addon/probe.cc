#include "probe.h"

#include "addon/arguments.h"

namespace bnn {

void define_probe_functions(Napi::Env env, Napi::Object exports) {
  exports.Set("measureFmaPeak", Napi::Function::New(env, [](const Napi::CallbackInfo& info) -> Napi::Value {
                const std::string isa = info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : "";
                try {
                  return Napi::Number::New(info.Env(), measure_fma_peak(isa));
                } catch (const std::exception& error) {
                  throw Napi::Error::New(info.Env(), std::string("measureFmaPeak: ") + error.what());
                }
              }));
  exports.Set("measureBandwidth", Napi::Function::New(env, [](const Napi::CallbackInfo& info) -> Napi::Value {
                Arguments arguments(info, "measureBandwidth");
                const size_t count = arguments.size("count");
                const float* from = arguments.floats("from", count);
                const Bandwidth bandwidth =
                    measure_bandwidth(from, arguments.writable_floats("to", count), count);
                Napi::Object result = Napi::Object::New(info.Env());
                result.Set("read", bandwidth.read);
                result.Set("copy", bandwidth.copy);
                return result;
              }));
}

}  // namespace bnn
