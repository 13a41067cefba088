#include "reports/environment_facts.h"

#include <algorithm>
#include <string_view>
#include <type_traits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reports/format.h"
#include "reports/records/visit.h"

namespace isoframe::reports {

namespace {

constexpr std::string_view kBytes = "_bytes";

/// Tells whether nothing is known: no machine has 0 cores.
template <typename T>
bool is_unknown(const T& value) {
  if constexpr (std::is_arithmetic_v<T>) {
    return value == T{};
  } else {
    return records::is_unset(value);
  }
}

/// The value as text; lists and the fields of a record are separated by commas.
template <typename T>
std::string plain(const T& value) {
  if constexpr (records::IsRecord<T>) {
    std::vector<std::string> parts;
    records::for_each_field(value, [&](const auto& field, const auto& member) {
      if (!is_unknown(member)) parts.push_back(fmt::format("{} {}", field.name, plain(member)));
    });
    std::ranges::sort(parts);
    return fmt::format("{}", fmt::join(parts, ", "));
  } else if constexpr (records::IsOptional<T>::value) {
    return plain(*value);
  } else if constexpr (records::IsVariant<T>::value) {
    return std::visit([](const auto& held) { return plain(held); }, value);
  } else if constexpr (records::IsSequence<T>::value) {
    std::vector<std::string> parts;
    for (const auto& item : value) parts.push_back(plain(item));
    return fmt::format("{}", fmt::join(parts, ", "));
  } else if constexpr (records::IsMap<T>::value) {
    std::vector<std::string> parts;
    for (const auto& [key, item] : value) parts.push_back(fmt::format("{}={}", key, plain(item)));
    return fmt::format("{}", fmt::join(parts, ", "));
  } else if constexpr (std::is_floating_point_v<T>) {
    return significant(value);
  } else {
    return fmt::format("{}", value);
  }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> environment_facts(const records::Environment& environment) {
  std::vector<std::pair<std::string, std::string>> facts;
  records::for_each_field(environment, [&](const auto& field, const auto& member) {
    if (is_unknown(member)) return;
    std::string label = field.name, value = plain(member);
    if constexpr (std::is_arithmetic_v<std::remove_cvref_t<decltype(member)>>) {
      if (label.ends_with(kBytes)) {
        label.erase(label.size() - kBytes.size());
        value = bytes(static_cast<double>(member));
      }
    }
    if (value.empty()) return;
    std::ranges::replace(label, '_', ' ');
    facts.emplace_back(std::move(label), std::move(value));
  });
  std::ranges::sort(facts);
  return facts;
}

}  // namespace isoframe::reports
