#include "addon/field_reader.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace bnn {
namespace {

napi_typedarray_type type_of(FieldKind kind) {
  if (kind == FieldKind::kWords) return napi_uint32_array;
  return kind == FieldKind::kHalves ? napi_uint16_array : napi_float32_array;
}

// False where the product is more than a size_t holds.
bool product(const Dims& dims, size_t& all) {
  all = 1;
  bool fits = true;
  for (size_t i = 0; i < dims.count; ++i) fits &= !__builtin_mul_overflow(all, dims.factors[i].value, &all);
  // A factor of 0 after one too many makes a length of 0 all the same.
  for (size_t i = 0; i < dims.count; ++i)
    if (dims.factors[i].value == 0) {
      all = 0;
      return true;
    }
  return fits;
}

// Where an array without elements begins: not where one that is absent does.
float nothing;

napi_valuetype kind_of(napi_env env, napi_value value) {
  napi_valuetype kind = napi_undefined;
  napi_typeof(env, value, &kind);
  return kind;
}

// A value as an error message has it.
std::string text_of(Napi::Env env, napi_value value) {
  switch (kind_of(env, value)) {
    case napi_number:
    case napi_boolean:
      return Napi::Value(env, value).ToString();
    case napi_string:
      return "'" + Napi::String(env, value).Utf8Value().substr(0, 40) + "'";
    case napi_null:
      return "null";
    case napi_object:
      return Napi::Value(env, value).IsTypedArray() ? "an array of another type" : "an object";
    case napi_function:
      return "a function";
    default:
      return "another value";
  }
}

// The first name of `object` that is not a field of it, or nothing.
std::string unknown_name(Napi::Env env, const KernelDescription& kernel, int parent, napi_value object) {
  napi_value names;
  uint32_t count = 0;
  if (napi_get_property_names(env, object, &names) != napi_ok) {
    napi_value ignored;
    napi_get_and_clear_last_exception(env, &ignored);
    return "";
  }
  napi_get_array_length(env, names, &count);
  for (uint32_t i = 0; i < count; ++i) {
    napi_value key;
    if (napi_get_element(env, names, i, &key) != napi_ok) return "";
    const std::string name = Napi::Value(env, key).ToString();
    const bool known = std::any_of(
        kernel.fields.begin(), kernel.fields.end(),
        [&](const FieldDescription& field) { return field.parent == parent && field.name == name; });
    if (!known) return name;
  }
  return "";
}

}  // namespace

FieldReader::FieldReader(Napi::Env env, const KernelDescription& kernel, napi_value object)
    : env_(env), kernel_(kernel), object_(object) {
  if (kind_of(env, object) != napi_object)
    throw Napi::TypeError::New(env, std::string(kernel.family) + " takes one object of named fields");
  for (size_t i = 0; i < kernel.fields.size(); ++i) {
    const FieldDescription& field = kernel.fields[i];
    const napi_value owner = field.parent < 0 ? object : values_[field.parent];
    if (napi_get_named_property(env, owner, field.name.c_str(), &values_[i]) != napi_ok)
      throw Napi::Error::New(env);
    if (field.kind == FieldKind::kNested && kind_of(env, values_[i]) != napi_object) fail_value(i);
  }
}

void FieldReader::number(const char*, float& member) {
  double value;
  if (napi_get_value_double(env_, values_[next_], &value) != napi_ok) fail_value(next_);
  member = static_cast<float>(value);
  ++next_;
}

void FieldReader::flag(const char*, bool& member) {
  if (napi_get_value_bool(env_, values_[next_], &member) != napi_ok) fail_value(next_);
  ++next_;
}

int64_t FieldReader::whole(int64_t least, double most) {
  double value;
  if (napi_get_value_double(env_, values_[next_], &value) != napi_ok) fail_value(next_);
  if (!(value >= static_cast<double>(least) && value <= most) || value != std::floor(value))
    fail_value(next_);
  ++next_;
  return static_cast<int64_t>(value);
}

size_t FieldReader::read_choice(const char* const* names, size_t count) {
  char text[32];
  size_t length = 0;
  if (napi_get_value_string_utf8(env_, values_[next_], text, sizeof text, &length) != napi_ok)
    fail_value(next_);
  for (size_t i = 0; i < count; ++i)
    if (std::char_traits<char>::length(names[i]) == length && std::equal(text, text + length, names[i])) {
      ++next_;
      return i;
    }
  fail_value(next_);
}

void* FieldReader::array(const void* member, FieldKind kind, size_t element, const Dims& dims, bool written,
                         bool nullable) {
  const size_t field = next_++;
  Array& own = arrays_[array_count_++];
  own = {member, field, nullptr, nullptr, written};
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env_, values_[field], &type, &length, &data, nullptr, nullptr) != napi_ok) {
    if (nullable && kind_of(env_, values_[field]) == napi_null) return nullptr;
    fail_value(field);
  }
  if (type != type_of(kind)) fail_value(field);
  size_t count;
  if (!product(dims, count)) fail(field, kernel_.fields[field].expected() + ", and there is no so large one");
  if (length < count)
    fail(field, kernel_.fields[field].expected() + " of at least " + std::to_string(count) +
                    " elements, got " + std::to_string(length));
  if (count == 0 || data == nullptr) data = &nothing;
  own.begin = static_cast<const char*>(data);
  own.end = own.begin + count * element;
  return data;
}

void FieldReader::check_indices(size_t limit) const {
  const Array& own = arrays_[array_count_ - 1];
  if (own.begin == own.end) return;
  napi_value buffer;
  bool unshared = false;
  napi_get_typedarray_info(env_, values_[own.field], nullptr, nullptr, nullptr, &buffer, nullptr);
  napi_is_arraybuffer(env_, buffer, &unshared);
  // Another thread could change them between this check and the kernel.
  if (!unshared) fail(own.field, "in memory that is not shared");
  const float* const first = reinterpret_cast<const float*>(own.begin);
  const float* const end = reinterpret_cast<const float*>(own.end);
  const float below = static_cast<float>(limit);
  const bool right = std::all_of(first, end, [below](float value) { return value >= 0 && value < below; });
  if (!right) fail(own.field, "of whole numbers from 0 to below " + kernel_.fields[own.field].below);
}

void FieldReader::check_together(const void* const* members, const bool* absent, size_t count) const {
  for (size_t i = 1; i < count; ++i)
    if (absent[i] != absent[0]) {
      const size_t first = field_of(members[0]);
      fail(field_of(members[i]), "null exactly where '" + kernel_.path(first) + "' is");
    }
}

void FieldReader::finish() const {
  for (size_t i = 0; i < array_count_; ++i) {
    const Array& own = arrays_[i];
    if (!own.written) continue;
    for (size_t j = 0; j < array_count_; ++j) {
      const Array& other = arrays_[j];
      // Of two that are written each meets the other; once is enough.
      if (i == j || (other.written && j < i)) continue;
      const bool overlap =
          std::less<>()(own.begin, other.end) && std::less<>()(other.begin, own.end) && own.begin != own.end;
      if (overlap && !may_share(own, other))
        fail(own.field, "memory of its own, which '" + kernel_.path(other.field) + "' has no part of");
    }
  }
}

bool FieldReader::may_share(const Array& written, const Array& other) const {
  if (written.begin != other.begin) return false;
  const auto says = [this](const Array& one, const Array& two) {
    return std::any_of(shared_, shared_ + shared_count_, [&](const Shared& shared) {
      return &arrays_[shared.array] == &one && shared.other == two.member;
    });
  };
  return says(written, other) || says(other, written);
}

bool FieldReader::writes() const {
  return std::any_of(arrays_, arrays_ + array_count_,
                     [](const Array& array) { return array.written && array.begin != array.end; });
}

size_t FieldReader::field_of(const void* member) const {
  for (size_t i = 0; i < array_count_; ++i)
    if (arrays_[i].member == member) return arrays_[i].field;
  return 0;
}

void FieldReader::fail(size_t field, const std::string& expected) const {
  throw Napi::TypeError::New(
      env_, std::string(kernel_.family) + ": '" + kernel_.path(field) + "' must be " + expected);
}

void FieldReader::fail_by_name(const char* name, const char* expected) const {
  for (size_t i = 0; i < next_; ++i) {
    const FieldDescription& field = kernel_.fields[i];
    // Of a nested object that is being read, only its own fields are meant.
    if (field.name == name && (field.parent < 0 || kernel_.fields[next_ - 1].parent == field.parent))
      fail(i, expected);
  }
  fail(0, expected);
}

void FieldReader::fail_value(size_t field) const {
  const FieldDescription& wanted = kernel_.fields[field];
  if (kind_of(env_, values_[field]) != napi_undefined)
    fail(field, wanted.expected() + ", got " + text_of(env_, values_[field]));
  const napi_value owner = wanted.parent < 0 ? object_ : values_[wanted.parent];
  const std::string unknown = unknown_name(env_, kernel_, wanted.parent, owner);
  throw Napi::TypeError::New(env_, std::string(kernel_.family) + ": '" + kernel_.path(field) +
                                       "' is missing; it must be " + wanted.expected() +
                                       (unknown.empty() ? "" : " ('" + unknown + "' is unknown)"));
}

}  // namespace bnn
