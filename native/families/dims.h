// The length of an array in a kernel's arguments, as the product of members of the struct.
//
// Every struct of native/families/ describes its fields once, in `fields(f)`, and what calls it decides what
// happens to them: native/addon/field_reader.h reads them from a JavaScript object,
// native/addon/description.h lists them for the TypeScript interfaces. The name of a field is that of the
// member in camel case.
//
//   f.size("rows", rows);                        a whole number from 0; f.positive: from 1
//   f.number("epsilon", epsilon);                any number
//   f.flag("logarithm", logarithm);              true or false
//   f.choice("form", form, kFactorForms);        one of these names
//   f.nested("shape", shape);                    an object with fields of its own
//   f.input("x", x, {rows, channels});           an array that is read
//   f.indices("place", place, {rows}, limit);    an input of whole numbers below a limit
//   f.output("y", y, {rows, channels});          an array that is written
//   f.updated("w", w, {size});                   an array that is read and written
//   f.input_or_null, f.output_or_null, f.updated_or_null: the same, or null
//   f.output("dx", dx, {size}).may_be(dy);       that may be the very memory of another field
//   f.together(slope, dslope);                   all of these are null, or none
//   f.require("window", window % 2 == 1, "odd"); a condition on fields described before
//
// Apart from may_be an array that is written shares no memory with another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace bnn {

// One factor of a length: a member or a number, divided by another one and rounded up.
struct Dim {
  Dim() = default;
  Dim(const int& size) : member(&size), value(static_cast<size_t>(size)) {}
  Dim(const size_t& size) : member(&size), value(size) {}

  const void* member = nullptr;
  size_t value = 1;
  const void* divisor_member = nullptr;
  size_t divisor = 1;
};

// The words of a packed row of `channels` bits.
inline Dim packed(const int& channels) {
  Dim words(channels);
  words.divisor = 32;
  words.value = (words.value + 31) / 32;
  return words;
}

// The channels of one of `groups` parts, which divide them.
inline Dim part_of(const int& channels, const int& groups) {
  Dim part(channels);
  part.divisor_member = &groups;
  part.divisor = static_cast<size_t>(groups);
  part.value /= part.divisor;
  return part;
}

// The factors of a length, outermost first.
struct Dims {
  static constexpr size_t kMost = 4;

  Dims(std::initializer_list<Dim> list) {
    for (const Dim& factor : list) factors[count++] = factor;
  }

  Dim factors[kMost];
  size_t count = 0;
};

}  // namespace bnn
