// Reads the struct of a kernel from a JavaScript object with a field for each of its members, and checks it:
// a field that is wrong or missing throws a TypeError that names the kernel, the field and what was expected.
//
// All values are taken from the object before the first is looked at: a getter is code that runs in between,
// and may detach the memory of a field that was read before it.
#pragma once

#include <napi.h>

#include <string>

#include "addon/description.h"

namespace bnn {

class FieldReader {
 public:
  static constexpr size_t kMostFields = 64;

  // Takes the values of all fields from `object`.
  FieldReader(Napi::Env env, const KernelDescription& kernel, napi_value object);

  template <class Whole>
  void size(const char*, Whole& member) {
    read_size(member, 0);
  }
  template <class Whole>
  void positive(const char*, Whole& member) {
    read_size(member, 1);
  }
  void number(const char*, float& member);
  void flag(const char*, bool& member);
  template <class Choice, size_t kCount>
  void choice(const char*, Choice& member, const char* const (&names)[kCount]) {
    member = static_cast<Choice>(read_choice(names, kCount));
  }
  template <class Struct>
  void nested(const char*, Struct& member) {
    ++next_;
    member.fields(*this);
  }

  class Written {
   public:
    Written(FieldReader& reader, size_t array) : reader_(reader), array_(array) {}
    template <class T>
    Written may_be(T* const& other) {
      reader_.shared_[reader_.shared_count_++] = {array_, &other};
      return *this;
    }

   private:
    FieldReader& reader_;
    size_t array_;
  };

  template <class T>
  void input(const char*, const T*& member, const Dims& dims) {
    member = read_array<T>(&member, dims, false, false);
  }
  template <class T>
  void input_or_null(const char*, const T*& member, const Dims& dims) {
    member = read_array<T>(&member, dims, false, true);
  }
  template <class Whole>
  void indices(const char*, const float*& member, const Dims& dims, const Whole& limit) {
    member = read_array<float>(&member, dims, false, false);
    check_indices(static_cast<size_t>(limit));
  }
  template <class Whole>
  void indices_or_null(const char*, const float*& member, const Dims& dims, const Whole& limit) {
    member = read_array<float>(&member, dims, false, true);
    check_indices(static_cast<size_t>(limit));
  }
  template <class T>
  Written output(const char*, T*& member, const Dims& dims) {
    member = read_array<T>(&member, dims, true, false);
    return {*this, array_count_ - 1};
  }
  template <class T>
  Written output_or_null(const char*, T*& member, const Dims& dims) {
    member = read_array<T>(&member, dims, true, true);
    return {*this, array_count_ - 1};
  }
  template <class T>
  Written updated(const char* name, T*& member, const Dims& dims) {
    return output(name, member, dims);
  }
  template <class T>
  Written updated_or_null(const char* name, T*& member, const Dims& dims) {
    return output_or_null(name, member, dims);
  }

  template <class First, class... Others>
  void together(First* const& first, Others* const&... others) {
    const void* const members[] = {&first, &others...};
    const bool absent[] = {first == nullptr, (others == nullptr)...};
    check_together(members, absent, sizeof...(others) + 1);
  }
  void require(const char* name, bool condition, const char* expected) {
    if (!condition) fail_by_name(name, expected);
  }

  // Refuses memory that is written and shared.
  void finish() const;
  // Whether an array is written that has elements; where there is none, there is nothing to do.
  bool writes() const;

 private:
  // An array among the fields; without elements begin and end are equal.
  struct Array {
    const void* member;
    size_t field;
    const char* begin;
    const char* end;
    bool written;
  };
  struct Shared {
    size_t array;
    const void* other;
  };

  template <class Whole>
  void read_size(Whole& member, int64_t least) {
    constexpr double kMost = sizeof(Whole) == sizeof(int) ? 2147483647.0 : 9007199254740991.0;
    member = static_cast<Whole>(whole(least, kMost));
  }
  int64_t whole(int64_t least, double most);
  size_t read_choice(const char* const* names, size_t count);
  template <class T>
  T* read_array(const void* member, const Dims& dims, bool written, bool nullable) {
    return static_cast<T*>(array(member, kArrayKind<T>, sizeof(T), dims, written, nullable));
  }
  void* array(const void* member, FieldKind kind, size_t element, const Dims& dims, bool written,
              bool nullable);
  void check_indices(size_t limit) const;
  void check_together(const void* const* members, const bool* absent, size_t count) const;
  bool may_share(const Array& written, const Array& other) const;
  size_t field_of(const void* member) const;

  [[noreturn]] void fail(size_t field, const std::string& expected) const;
  [[noreturn]] void fail_by_name(const char* name, const char* expected) const;
  [[noreturn]] void fail_value(size_t field) const;

  Napi::Env env_;
  const KernelDescription& kernel_;
  napi_value object_;
  napi_value values_[kMostFields];
  size_t next_ = 0;  // the field that is read next
  Array arrays_[kMostFields];
  size_t array_count_ = 0;
  Shared shared_[kMostFields];
  size_t shared_count_ = 0;
};

}  // namespace bnn
