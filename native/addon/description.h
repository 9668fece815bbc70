// What the fields of a kernel's struct are, in words: for error messages, for the TypeScript interfaces that
// are written from it, and for the tests that call every kernel with wrong fields.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "families/dims.h"

namespace bnn {

enum class FieldKind { kSize, kNumber, kFlag, kChoice, kNested, kFloats, kWords, kHalves };
enum class FieldAccess { kInput, kOutput, kUpdated };

template <class T>
constexpr FieldKind kArrayKind = FieldKind::kFloats;
template <>
constexpr FieldKind kArrayKind<uint32_t> = FieldKind::kWords;
template <>
constexpr FieldKind kArrayKind<uint16_t> = FieldKind::kHalves;

struct FieldDescription {
  std::string name;
  FieldKind kind;
  int parent = -1;  // the position of the nested object that has this field; −1: the call's own object

  bool positive = false;             // of a size: from 1, else from 0
  std::vector<std::string> choices;  // of a choice

  // Of an array.
  FieldAccess access = FieldAccess::kInput;
  bool nullable = false;
  std::vector<std::string> dims;    // the factors of its length: a number or a field, which may be divided
  std::string below;                // the field below which its values are whole numbers
  std::vector<std::string> may_be;  // the fields whose memory it may have

  // "a Float32Array of [rows, channels] elements or null"
  std::string expected() const;
};

struct KernelDescription {
  const char* family;
  std::vector<FieldDescription> fields;            // a nested object before the fields that it has
  std::vector<std::vector<std::string>> together;  // fields that are null together

  // "shape.outH"
  std::string path(size_t field) const;
};

// Calls `fields` of a struct and writes down what it is told. Every size is taken as 1.
class Describer {
 public:
  explicit Describer(KernelDescription& kernel) : kernel_(kernel) {}

  template <class Whole>
  void size(const char* name, Whole& member) {
    add(name, FieldKind::kSize, &member);
    member = 1;
  }
  template <class Whole>
  void positive(const char* name, Whole& member) {
    size(name, member);
    kernel_.fields.back().positive = true;
  }
  void number(const char* name, float& member) { add(name, FieldKind::kNumber, &member); }
  void flag(const char* name, bool& member) { add(name, FieldKind::kFlag, &member); }
  template <class Choice, size_t kCount>
  void choice(const char* name, Choice& member, const char* const (&names)[kCount]) {
    add(name, FieldKind::kChoice, &member).choices.assign(names, names + kCount);
  }
  template <class Struct>
  void nested(const char* name, Struct& member) {
    add(name, FieldKind::kNested, nullptr);
    parent_ = static_cast<int>(kernel_.fields.size()) - 1;
    member.fields(*this);
    parent_ = -1;
  }

  // What `output` gives, to say which memory may be shared.
  class Written {
   public:
    Written(Describer& describer, size_t field) : describer_(describer), field_(field) {}
    template <class T>
    Written may_be(T* const& other) {
      describer_.later_.push_back({field_, &other});
      return *this;
    }

   private:
    Describer& describer_;
    size_t field_;
  };

  template <class T>
  void input(const char* name, const T*& member, const Dims& dims) {
    array<T>(name, &member, dims, FieldAccess::kInput, false);
  }
  template <class T>
  void input_or_null(const char* name, const T*& member, const Dims& dims) {
    array<T>(name, &member, dims, FieldAccess::kInput, true);
  }
  template <class Whole>
  void indices(const char* name, const float*& member, const Dims& dims, const Whole& limit) {
    array<float>(name, &member, dims, FieldAccess::kInput, false);
    kernel_.fields.back().below = name_of(&limit);
  }
  template <class Whole>
  void indices_or_null(const char* name, const float*& member, const Dims& dims, const Whole& limit) {
    array<float>(name, &member, dims, FieldAccess::kInput, true);
    kernel_.fields.back().below = name_of(&limit);
  }
  template <class T>
  Written output(const char* name, T*& member, const Dims& dims) {
    return array<T>(name, &member, dims, FieldAccess::kOutput, false);
  }
  template <class T>
  Written output_or_null(const char* name, T*& member, const Dims& dims) {
    return array<T>(name, &member, dims, FieldAccess::kOutput, true);
  }
  template <class T>
  Written updated(const char* name, T*& member, const Dims& dims) {
    return array<T>(name, &member, dims, FieldAccess::kUpdated, false);
  }
  template <class T>
  Written updated_or_null(const char* name, T*& member, const Dims& dims) {
    return array<T>(name, &member, dims, FieldAccess::kUpdated, true);
  }

  template <class... Arrays>
  void together(Arrays* const&... members) {
    kernel_.together.push_back({name_of(&members)...});
  }
  void require(const char*, bool, const char*) {}

  // Names what was referred to before it was described.
  void finish();

 private:
  FieldDescription& add(const char* name, FieldKind kind, const void* member);
  template <class T>
  Written array(const char* name, const void* member, const Dims& dims, FieldAccess access, bool nullable) {
    FieldDescription& field = add(name, kArrayKind<T>, member);
    field.access = access;
    field.nullable = nullable;
    for (size_t i = 0; i < dims.count; ++i) field.dims.push_back(factor(dims.factors[i]));
    return {*this, kernel_.fields.size() - 1};
  }
  std::string factor(const Dim& dim) const;
  // The path of the field that this member is; an empty one where it is none.
  std::string path_of(const void* member) const;
  std::string name_of(const void* member) const;

  struct Later {
    size_t field;
    const void* other;
  };

  KernelDescription& kernel_;
  std::vector<const void*> members_;
  std::vector<Later> later_;
  int parent_ = -1;
};

// The description of a kernel, made at its first use.
template <class Args>
const KernelDescription& description_of() {
  static const KernelDescription description = [] {
    KernelDescription kernel{Args::family, {}, {}};
    Args args{};
    Describer describer(kernel);
    args.fields(describer);
    describer.finish();
    return kernel;
  }();
  return description;
}

}  // namespace bnn
