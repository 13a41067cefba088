#include "base/list.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace isoframe::base {

std::string list_of(const std::vector<std::string>& items, std::size_t most,
                    std::optional<std::size_t> count) {
  if (items.empty()) return "none";
  const std::size_t shown = std::min(most, items.size());
  const std::size_t all = std::max(items.size(), count.value_or(0));
  std::string text =
      fmt::format("{}", fmt::join(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  if (all > shown) text += fmt::format(" and {} more", all - shown);
  return text;
}

}  // namespace isoframe::base
