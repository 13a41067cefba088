#pragma once
// How something whole is shared out: consecutive parts, one a rank.

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

/// As even as possible, the first parts one longer; parts are empty where there is less than one each.
Split split_evenly(std::int64_t length, int parts);

}  // namespace isoframe::model::parallel
