#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace isoframe::base {

/// "; did you mean 'steps'?" for the candidate that is a slip or two away from `word` (optimal string
/// alignment distance), "" where none is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace isoframe::base
