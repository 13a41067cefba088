#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace isoframe::base {

/// Returns "; did you mean 'steps'?" with the candidate nearest to `word` (optimal string alignment
/// distance), or "" if none is within a slip or two.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace isoframe::base
