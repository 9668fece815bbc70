#include "addon/description.h"

namespace bnn {
namespace {

std::string joined(const std::vector<std::string>& texts, const char* between) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : between) + text;
  return all;
}

const char* array_name(FieldKind kind) {
  if (kind == FieldKind::kWords) return "a Uint32Array";
  return kind == FieldKind::kHalves ? "a Uint16Array" : "a Float32Array";
}

}  // namespace

std::string FieldDescription::expected() const {
  switch (kind) {
    case FieldKind::kSize:
      return positive ? "a whole number from 1" : "a whole number from 0";
    case FieldKind::kNumber:
      return "a number";
    case FieldKind::kFlag:
      return "true or false";
    case FieldKind::kChoice:
      return "one of '" + joined(choices, "', '") + "'";
    case FieldKind::kNested:
      return "an object";
    default:
      return std::string(array_name(kind)) + " [" + joined(dims, ", ") + "]" + (nullable ? " or null" : "");
  }
}

std::string KernelDescription::path(size_t field) const {
  const FieldDescription& own = fields[field];
  return own.parent < 0 ? own.name : fields[own.parent].name + "." + own.name;
}

FieldDescription& Describer::add(const char* name, FieldKind kind, const void* member) {
  FieldDescription field;
  field.name = name;
  field.kind = kind;
  field.parent = parent_;
  kernel_.fields.push_back(field);
  members_.push_back(member);
  return kernel_.fields.back();
}

std::string Describer::path_of(const void* member) const {
  for (size_t i = 0; i < members_.size(); ++i)
    if (members_[i] == member) return kernel_.path(i);
  return "";
}

std::string Describer::name_of(const void* member) const {
  const std::string path = path_of(member);
  if (path.empty()) throw std::logic_error(std::string(kernel_.family) + " refers to what is not described");
  return path;
}

std::string Describer::factor(const Dim& dim) const {
  const std::string path = path_of(dim.member);
  if (dim.divisor_member != nullptr) return path + " / " + name_of(dim.divisor_member);
  if (dim.divisor != 1) return "⌈" + path + " / " + std::to_string(dim.divisor) + "⌉";
  return path.empty() ? std::to_string(dim.value) : path;
}

void Describer::finish() {
  for (const Later& later : later_) kernel_.fields[later.field].may_be.push_back(name_of(later.other));
}

}  // namespace bnn
