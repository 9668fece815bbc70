#include "probe.h"

#include "addon/argument.h"
#include "addon/exports.h"
#include "addon/field_reader.h"

namespace bnn {
namespace {

// The fields of measureBandwidth, as a kernel has them.
struct BandwidthProbe {
  static constexpr const char* family = "measureBandwidth";
  size_t count;
  const float* from;
  float* to;

  template <class Fields>
  void fields(Fields& f) {
    f.size("count", count);
    f.input("from", from, {count});
    f.output("to", to, {count});
  }
};

}  // namespace

void define_probes(Napi::Env env, Napi::Object exports) {
  define(env, exports, "measureFmaPeak", [](const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), measure_fma_peak(text_argument(info, "measureFmaPeak", "isa")));
  });
  define(env, exports, BandwidthProbe::family, [](const Napi::CallbackInfo& info) {
    FieldReader reader(info.Env(), description_of<BandwidthProbe>(), info[0]);
    BandwidthProbe probe{};
    probe.fields(reader);
    reader.finish();
    const Bandwidth bandwidth = measure_bandwidth(probe.from, probe.to, probe.count);
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("read", bandwidth.read);
    result.Set("copy", bandwidth.copy);
    return result;
  });
}

}  // namespace bnn
