#pragma once
// The two groups that repeated measurements may fall into.

#include <cstddef>
#include <optional>
#include <vector>

namespace isoframe::metrics {

struct TwoGroups {
  double high = 0.0, low = 0.0;  ///< means of the groups
  std::size_t of_high = 0, of_low = 0;
};

/// Fewest values that can be two groups; each has at least two.
inline constexpr std::size_t kFewestForGroups = 4;

/// The two groups of the values, in dB, cut at their widest gap; nothing where that is not far wider than
/// either group, or a group has a single value.  Infinite values, which may be a group of their own, count
/// as kAboveAnyPsnr for the gap.
std::optional<TwoGroups> two_groups(std::vector<double> values);

}  // namespace isoframe::metrics
