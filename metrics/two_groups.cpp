#include "metrics/two_groups.h"

#include <algorithm>

#include "metrics/psnr.h"
#include "metrics/statistics.h"

namespace isoframe::metrics {

namespace {

constexpr double kTimesAsWide = 3.0;  // as either group, at the least
constexpr double kLeastGap = 1.0;     // dB; nearer groups are one

double finite(double value) { return std::min(value, kAboveAnyPsnr); }

}  // namespace

std::optional<TwoGroups> two_groups(std::vector<double> values) {
  if (values.size() < kFewestForGroups) return std::nullopt;
  std::ranges::sort(values);
  const auto gap_before = [&](std::size_t index) {
    return finite(values[index]) - finite(values[index - 1]);
  };
  std::size_t cut = 1;
  for (std::size_t index = 2; index < values.size(); ++index)
    if (gap_before(index) > gap_before(cut)) cut = index;
  const std::size_t above = values.size() - cut;
  if (cut < 2 || above < 2) return std::nullopt;
  const double widest =
      std::max(finite(values[cut - 1]) - finite(values.front()), finite(values.back()) - finite(values[cut]));
  if (gap_before(cut) < std::max(kLeastGap, kTimesAsWide * widest)) return std::nullopt;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(cut);
  return TwoGroups{.high = mean({middle, values.end()}),
                   .low = mean({values.begin(), middle}),
                   .of_high = above,
                   .of_low = cut};
}

}  // namespace isoframe::metrics
