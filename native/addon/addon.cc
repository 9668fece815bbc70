// The module's entry.
#include "addon/exports.h"

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  bnn::define_kernels(env, exports);
  bnn::define_controls(env, exports);
  bnn::define_probes(env, exports);
  return exports;
}
NODE_API_MODULE(bnn_distill, Init)
