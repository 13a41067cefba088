#pragma once
// JSON from a record's table and back.  Only the sources of this folder include it: everyone else calls the
// functions that the records' headers declare.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "reports/records/field.h"
#include "reports/records/names.h"
#include "reports/records/number.h"
#include "reports/records/visit.h"

namespace isoframe::reports::records {

/// The place of a value in a document, for errors: "ranks[1].collectives[0].calls".
class Path {
 public:
  explicit Path(std::string text) : text_(std::move(text)) {}
  Path operator/(const std::string& key) const { return Path(text_.empty() ? key : text_ + "." + key); }
  Path operator/(std::size_t index) const { return Path(fmt::format("{}[{}]", text_, index)); }
  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(fmt::format("{} {}", text_.empty() ? "the document" : "'" + text_ + "'", what));
  }

 private:
  std::string text_;
};

/// A row as far as its numbers go.
struct NumberRule {
  const char* name = "";
  bool may_be_non_finite = true;
  Range range = Range::kAny;
  int newest_version = 0;
};

template <typename Field>
NumberRule number_rule(const Field& field) {
  return {field.name, field.may_be_non_finite, field.range, field.newest_version};
}

/// The reason why a row cannot hold a number, as "is -1.5, below 0"; empty if it can.
template <typename T>
std::string fault_of_number(T value, const NumberRule& rule) {
  if constexpr (std::is_floating_point_v<T>)
    if (!rule.may_be_non_finite && !std::isfinite(value)) return "is not a finite number";
  switch (rule.range) {
    case Range::kAny:
      return {};
    case Range::kNotNegative:
      return value < T{} ? fmt::format("is {}, below 0", value) : "";
    case Range::kPositive:
      return value > T{} ? "" : fmt::format("is {}, not above 0", value);
    case Range::kVersion:
      break;
  }
  if (value > static_cast<T>(rule.newest_version))
    return fmt::format("is {}: written by a newer isoframe than this one, which reads {}; use that one",
                       value, rule.newest_version);
  return value < T{1} ? fmt::format("is {}, which no isoframe writes", value) : "";
}

/// The first reason why a row cannot hold the numbers of a value; a record inside has a table of its own.
template <typename T>
std::string fault_of(const T& value, const NumberRule& rule) {
  if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
    return fault_of_number(value, rule);
  } else if constexpr (IsOptional<T>::value) {
    return value ? fault_of(*value, rule) : std::string();
  } else if constexpr (IsVariant<T>::value) {
    return std::visit([&](const auto& held) { return fault_of(held, rule); }, value);
  } else if constexpr (IsSequence<T>::value) {
    for (const auto& item : value)
      if (std::string fault = fault_of(item, rule); !fault.empty()) return fault;
  } else if constexpr (IsMap<T>::value) {
    for (const auto& [key, item] : value)
      if (std::string fault = fault_of(item, rule); !fault.empty())
        return fmt::format("{} for '{}'", fault, key);
  }
  return {};
}

/// True for a list or an object by name that holds nothing, or a list that does not.
template <typename T>
bool is_hollow(const T& value) {
  if constexpr (IsMap<T>::value) {
    return value.empty() ||
           std::ranges::any_of(value, [](const auto& entry) { return is_hollow(entry.second); });
  } else if constexpr (IsSequence<T>::value) {
    return value.empty();
  } else {
    return false;
  }
}

/// A record that stands in JSON as a list of its fields' values.
template <typename T>
concept IsList = requires {
  requires T::kIsList;
};
template <typename T>
concept IsNamed = requires {
  Names<T>::all;
};

template <typename T>
nlohmann::json value_to_json(const T& value, const NumberRule& rule = {});

/// Throws std::logic_error for a number that the row does not allow: written as anything else it would be
/// read as something else.
template <typename T>
nlohmann::json checked_number_to_json(T value, const NumberRule& rule) {
  if (const std::string fault = fault_of_number(value, rule); !fault.empty())
    throw std::logic_error(fmt::format("the record's '{}' {}: {}", rule.name, fault, value));
  if constexpr (std::is_floating_point_v<T>) {
    return number_to_json(value);
  } else {
    return value;
  }
}

/// A field's value; throws std::logic_error for one that its row does not allow.
template <typename Field, typename T>
nlohmann::json field_to_json(const Field& field, const T& value) {
  if (!field.may_be_empty && is_hollow(value))
    throw std::logic_error(fmt::format("the record's '{}' is empty", field.name));
  return value_to_json(value, number_rule(field));
}

template <typename Record>
nlohmann::json record_to_json(const Record& record) {
  nlohmann::json result = nlohmann::json::object();
  const auto add = [&](const auto& field) {
    const auto& member = record.*field.member;
    if (field.presence == Presence::kInline) {
      if (!is_unset(member)) result.update(value_to_json(member));
      return;
    }
    if (field.presence == Presence::kOmitted && is_unset(member)) return;
    if (field.presence == Presence::kNull && is_unset(member)) {
      result[field.name] = nullptr;
    } else {
      result[field.name] = field_to_json(field, member);
    }
  };
  std::apply([&](const auto&... field) { (add(field), ...); }, fields_of<Record>());
  return result;
}

/// A record that is written as a list of its fields' values.
template <typename Record>
nlohmann::json list_to_json(const Record& record) {
  nlohmann::json result = nlohmann::json::array();
  std::apply(
      [&](const auto&... field) { (result.push_back(field_to_json(field, record.*field.member)), ...); },
      fields_of<Record>());
  return result;
}

template <typename T>
nlohmann::json value_to_json(const T& value, const NumberRule& rule) {
  if constexpr (IsList<T>) {
    return list_to_json(value);
  } else if constexpr (IsRecord<T>) {
    return record_to_json(value);
  } else if constexpr (IsNamed<T>) {
    return name_of(value);
  } else if constexpr (IsOptional<T>::value) {
    return value ? value_to_json(*value, rule) : nlohmann::json();
  } else if constexpr (IsVariant<T>::value) {
    return std::visit([&](const auto& held) { return value_to_json(held, rule); }, value);
  } else if constexpr (IsSequence<T>::value) {
    nlohmann::json result = nlohmann::json::array();
    for (const auto& item : value) result.push_back(value_to_json(item, rule));
    return result;
  } else if constexpr (IsMap<T>::value) {
    nlohmann::json result = nlohmann::json::object();
    for (const auto& [key, item] : value) result[base::text_of_bytes(key)] = value_to_json(item, rule);
    return result;
  } else if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
    return checked_number_to_json(value, rule);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return base::text_of_bytes(value);
  } else {
    return value;
  }
}

template <typename T>
void value_from_json(const nlohmann::json& json, T& value, const Path& path);

/// Throws InputError for what the row does not allow.
template <typename Field, typename T>
void field_from_json(const Field& field, const nlohmann::json& json, T& value, const Path& path) {
  value_from_json(json, value, path);
  if (const std::string fault = fault_of(value, number_rule(field)); !fault.empty()) path.fail(fault);
  if (!field.may_be_empty && is_hollow(value)) path.fail("is empty");
}

template <typename Record>
void record_from_json(const nlohmann::json& json, Record& record, const Path& path) {
  if (!json.is_object()) path.fail("is not an object");
  const auto read = [&](const auto& field) {
    using Member = std::remove_cvref_t<decltype(record.*field.member)>;
    if constexpr (IsOptional<Member>::value) {
      if constexpr (IsRecord<typename Member::value_type>) {
        if (field.presence == Presence::kInline) {
          const auto first = std::get<0>(fields_of<typename Member::value_type>());
          if (json.contains(first.name)) value_from_json(json, (record.*field.member).emplace(), path);
          return;
        }
      }
    }
    const auto found = json.find(field.name);
    if (found == json.end()) {
      if (field.presence == Presence::kAlways) (path / field.name).fail("is missing");
      return;
    }
    constexpr bool knows_null = requires { typename Member::value_type::value_type; }
    &&IsOptional<Member>::value;
    if (found->is_null() && field.presence != Presence::kAlways && !knows_null) return;
    field_from_json(field, *found, record.*field.member, path / field.name);
  };
  std::apply([&](const auto&... field) { (read(field), ...); }, fields_of<Record>());
}

template <typename Record>
void list_from_json(const nlohmann::json& json, Record& record, const Path& path) {
  constexpr auto fields = fields_of<Record>();
  constexpr std::size_t size = std::tuple_size_v<decltype(fields)>;
  if (!json.is_array() || json.size() != size) path.fail(fmt::format("is not a list of {}", size));
  std::size_t index = 0;
  std::apply(
      [&](const auto&... field) {
        (field_from_json(field, json[index++], record.*field.member, path / field.name), ...);
      },
      fields);
}

template <typename T>
void integer_from_json(const nlohmann::json& json, T& value, const Path& path) {
  if (!json.is_number_integer()) path.fail("is not an integer");
  const bool fits = json.is_number_unsigned() ? std::in_range<T>(json.get<std::uint64_t>())
                                              : std::in_range<T>(json.get<std::int64_t>());
  if (!fits) path.fail(fmt::format("is out of range: {}", json.dump()));
  value = json.get<T>();
}

/// Reads the first alternative that fits the value's kind: a list, or anything that is none.
template <typename... T>
void variant_from_json(const nlohmann::json& json, std::variant<T...>& value, const Path& path) {
  const auto try_one = [&]<typename Held>(std::type_identity<Held>) {
    if (json.is_array() != IsSequence<Held>::value) return false;
    Held held{};
    value_from_json(json, held, path);
    value = std::move(held);
    return true;
  };
  if (!(try_one(std::type_identity<T>{}) || ...)) path.fail("has an unexpected type");
}

template <typename T>
void sequence_from_json(const nlohmann::json& json, std::vector<T>& value, const Path& path) {
  if (!json.is_array()) path.fail("is not a list");
  value.assign(json.size(), T{});
  for (std::size_t i = 0; i < json.size(); ++i) value_from_json(json[i], value[i], path / i);
}

template <typename T, std::size_t N>
void sequence_from_json(const nlohmann::json& json, std::array<T, N>& value, const Path& path) {
  if (!json.is_array() || json.size() != N) path.fail(fmt::format("is not a list of {}", N));
  for (std::size_t i = 0; i < N; ++i) value_from_json(json[i], value[i], path / i);
}

template <typename T>
void value_from_json(const nlohmann::json& json, T& value, const Path& path) {
  if constexpr (IsList<T>) {
    list_from_json(json, value, path);
  } else if constexpr (IsRecord<T>) {
    record_from_json(json, value, path);
  } else if constexpr (IsNamed<T>) {
    const auto named = json.is_string() ? named_as<T>(json.get_ref<const std::string&>()) : std::nullopt;
    if (!named) path.fail(fmt::format("is unknown: {}", json.dump()));
    value = *named;
  } else if constexpr (IsOptional<T>::value) {
    if (json.is_null() && !IsOptional<typename T::value_type>::value) return value.reset();
    value_from_json(json, value.emplace(), path);
  } else if constexpr (IsVariant<T>::value) {
    variant_from_json(json, value, path);
  } else if constexpr (IsSequence<T>::value) {
    sequence_from_json(json, value, path);
  } else if constexpr (IsMap<T>::value) {
    if (!json.is_object()) path.fail("is not an object");
    for (const auto& [key, item] : json.items())
      value_from_json(item, value[base::bytes_of_text(key)], path / key);
  } else if constexpr (std::is_same_v<T, nlohmann::json>) {
    value = json;
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!json.is_boolean()) path.fail("is neither true nor false");
    value = json.get<bool>();
  } else if constexpr (std::is_integral_v<T>) {
    integer_from_json(json, value, path);
  } else if constexpr (std::is_floating_point_v<T>) {
    const auto number = number_from_json(json);
    if (!number) path.fail("is not a number");
    value = *number;
  } else {
    if (!json.is_string()) path.fail("is not text");
    value = base::bytes_of_text(json.get_ref<const std::string&>());
  }
}

}  // namespace isoframe::reports::records
