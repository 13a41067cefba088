#pragma once
// The shares of a whole: consecutive parts, one a rank.

#include <cstdint>
#include <vector>

namespace isoframe::model::parallel {

struct Split {
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> offsets;
};

struct Range {
  std::int64_t begin = 0;
  std::int64_t length = 0;
};

/// Splits as evenly as possible: the first parts are one longer; parts may be empty.
Split split_evenly(std::int64_t length, int parts);

}  // namespace isoframe::model::parallel
