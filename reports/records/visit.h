#pragma once
// A walk over a record's fields, and the kinds of types that fields have.

#include <array>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

#include "reports/records/field.h"

namespace isoframe::reports::records {

/// The table of a type: its own `fields()`, or for a type of metrics/ a specialization of TableOf.
template <typename T>
constexpr auto fields_of() {
  if constexpr (requires { T::fields(); }) {
    return T::fields();
  } else {
    return TableOf<T>::fields();
  }
}
template <typename T>
concept IsRecord = requires {
  T::fields();
}
|| requires { TableOf<T>::fields(); };
/// Calls visit(field, member) for each field of a record, in the order of its table.
template <typename Record, typename Visit>
requires IsRecord<Record>
void for_each_field(const Record& record, Visit&& visit) {
  std::apply([&](const auto&... field) { (visit(field, record.*field.member), ...); }, fields_of<Record>());
}

template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <typename T>
struct IsSequence : std::false_type {};
template <typename T>
struct IsSequence<std::vector<T>> : std::true_type {};
template <typename T, std::size_t N>
struct IsSequence<std::array<T, N>> : std::true_type {};
template <typename T>
struct IsMap : std::false_type {};
template <typename T>
struct IsMap<std::map<std::string, T>> : std::true_type {};
template <typename T>
struct IsVariant : std::false_type {};
template <typename... T>
struct IsVariant<std::variant<T...>> : std::true_type {};

/// Tells whether a member holds nothing.
template <typename T>
bool is_unset(const T& value) {
  if constexpr (IsOptional<T>::value) {
    return !value.has_value();
  } else if constexpr (requires { value.is_null(); }) {
    return value.is_null();
  } else if constexpr (IsSequence<T>::value || IsMap<T>::value || std::is_same_v<T, std::string>) {
    return value.empty();
  } else {
    return false;
  }
}

}  // namespace isoframe::reports::records
