#pragma once
// Lists in sentences.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace isoframe::base {

/// "a, b, c", or the first `most` of many: "a, b and 7 more"; "none" for an empty list.  `count` is the
/// number of all where `items` are only the first of them.
std::string list_of(const std::vector<std::string>& items, std::size_t most = 6,
                    std::optional<std::size_t> count = std::nullopt);

}  // namespace isoframe::base
