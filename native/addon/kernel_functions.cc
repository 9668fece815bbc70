// One function a kernel family, which takes the fields of the family's struct as one object.
#include "addon/exports.h"
#include "addon/field_reader.h"
#include "dispatch.h"
#include "implementations.h"

namespace bnn {
namespace {

template <class Args>
void define_kernel(Napi::Env env, Napi::Object exports) {
  define(env, exports, Args::family, [](const Napi::CallbackInfo& info) {
    FieldReader reader(info.Env(), description_of<Args>(), info[0]);
    Args args{};
    args.fields(reader);
    reader.finish();
    if (reader.writes()) run(args);
    return info.Env().Undefined();
  });
}

const char* name_of(FieldKind kind) {
  switch (kind) {
    case FieldKind::kSize:
      return "size";
    case FieldKind::kNumber:
      return "number";
    case FieldKind::kFlag:
      return "flag";
    case FieldKind::kChoice:
      return "choice";
    case FieldKind::kNested:
      return "nested";
    case FieldKind::kFloats:
      return "floats";
    case FieldKind::kWords:
      return "words";
    default:
      return "halves";
  }
}

const char* name_of(FieldAccess access) {
  if (access == FieldAccess::kInput) return "input";
  return access == FieldAccess::kOutput ? "output" : "updated";
}

Napi::Array list_of(Napi::Env env, const std::vector<std::string>& texts) {
  Napi::Array list = Napi::Array::New(env, texts.size());
  for (size_t i = 0; i < texts.size(); ++i) list.Set(static_cast<uint32_t>(i), texts[i]);
  return list;
}

Napi::Object described(Napi::Env env, const FieldDescription& field) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("name", field.name);
  object.Set("kind", name_of(field.kind));
  object.Set("parent", field.parent);
  object.Set("positive", field.positive);
  object.Set("choices", list_of(env, field.choices));
  object.Set("access", name_of(field.access));
  object.Set("nullable", field.nullable);
  object.Set("dims", list_of(env, field.dims));
  object.Set("below", field.below);
  object.Set("mayBe", list_of(env, field.may_be));
  return object;
}

Napi::Object described(Napi::Env env, const KernelDescription& kernel) {
  Napi::Object object = Napi::Object::New(env);
  Napi::Array fields = Napi::Array::New(env, kernel.fields.size());
  for (size_t i = 0; i < kernel.fields.size(); ++i)
    fields.Set(static_cast<uint32_t>(i), described(env, kernel.fields[i]));
  Napi::Array together = Napi::Array::New(env, kernel.together.size());
  for (size_t i = 0; i < kernel.together.size(); ++i)
    together.Set(static_cast<uint32_t>(i), list_of(env, kernel.together[i]));
  object.Set("family", kernel.family);
  object.Set("fields", fields);
  object.Set("together", together);
  return object;
}

}  // namespace

void define_kernels(Napi::Env env, Napi::Object exports) {
#define IMPLEMENTATION(...)
#define REFERENCE(Family, function) define_kernel<Family>(env, exports);
#define SEQUENCE(Family, function) define_kernel<Family>(env, exports);
#include "implementations.inc"
#undef SEQUENCE
#undef REFERENCE
  define(env, exports, "kernelFields", [](const Napi::CallbackInfo& info) {
    Napi::Array list = Napi::Array::New(info.Env());
    uint32_t count = 0;
#define REFERENCE(Family, function) list.Set(count++, described(info.Env(), description_of<Family>()));
#define SEQUENCE(Family, function) REFERENCE(Family, function)
#include "implementations.inc"
#undef SEQUENCE
#undef REFERENCE
#undef IMPLEMENTATION
    return list;
  });
}

}  // namespace bnn
