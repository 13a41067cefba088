#include "metrics/change_points.h"

#include <algorithm>
#include <cmath>

#include "metrics/statistics.h"
#include "metrics/student.h"

namespace isoframe::metrics {

namespace {

constexpr std::size_t kFewest = 3;
/// Differences below this part of the largest value are rounding.
constexpr double kRounding = 1e-12;

using Series = std::vector<double>;

/// Sums of the first values of a series, from which those of any segment follow.
class Sums {
 public:
  explicit Sums(const Series& series) {
    for (const double value : series) {
      sums_.push_back(sums_.back() + value);
      squares_.push_back(squares_.back() + value * value);
    }
  }

  double mean(std::size_t begin, std::size_t end) const { return sum(begin, end) / count(begin, end); }
  /// The sum of squared deviations from the segment's mean.
  double deviations(std::size_t begin, std::size_t end) const {
    const double own = sum(begin, end);
    return std::max(0.0, squares_[end] - squares_[begin] - own * own / count(begin, end));
  }
  static double count(std::size_t begin, std::size_t end) { return static_cast<double>(end - begin); }

 private:
  double sum(std::size_t begin, std::size_t end) const { return sums_[end] - sums_[begin]; }

  std::vector<double> sums_ = {0.0};
  std::vector<double> squares_ = {0.0};
};

struct Split {
  std::size_t index = 0;
  double t = 0.0;
};

/// Student's t of the means before and after a split of [begin, end).
double t_of_split(const Sums& sums, std::size_t begin, std::size_t at, std::size_t end) {
  const double difference = std::abs(sums.mean(at, end) - sums.mean(begin, at));
  const double variance =
      (sums.deviations(begin, at) + sums.deviations(at, end)) / (Sums::count(begin, end) - 2.0);
  const double error = std::sqrt(variance / Sums::count(begin, at) + variance / Sums::count(at, end));
  if (error > 0.0) return difference / error;
  return difference > 0.0 ? HUGE_VAL : 0.0;
}

void split_range(const Sums& sums, std::size_t begin, std::size_t end, double significance,
                 std::vector<std::size_t>& found) {
  if (end - begin < 2 * kFewest) return;
  Split best;
  for (std::size_t at = begin + kFewest; at + kFewest <= end; ++at) {
    const double t = t_of_split(sums, begin, at, end);
    if (t > best.t) best = {at, t};
  }
  const double splits = Sums::count(begin, end) - 2.0 * kFewest + 1.0;
  if (splits * student_two_sided(best.t, Sums::count(begin, end) - 2.0) > significance) return;
  split_range(sums, begin, best.index, significance, found);
  found.push_back(best.index);
  split_range(sums, best.index, end, significance, found);
}

/// Deviations from the mean, so that sums of squares keep their digits.
Series centred(Series series) {
  if (series.empty()) return series;
  const double center = mean(series);
  double largest = 0.0;
  for (const double value : series) largest = std::max(largest, std::abs(value));
  for (double& value : series) {
    value -= center;
    if (std::abs(value) <= kRounding * largest) value = 0.0;
  }
  return series;
}

double median_of(const Series& series, std::size_t begin, std::size_t end) {
  return median(Series(series.begin() + static_cast<std::ptrdiff_t>(begin),
                       series.begin() + static_cast<std::ptrdiff_t>(end)));
}

/// Changes that begin at these indices, with the levels of their segments.
std::vector<ChangePoint> with_levels(const Series& series, const std::vector<std::size_t>& found) {
  std::vector<ChangePoint> result;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::size_t begin = i == 0 ? 0 : found[i - 1];
    const std::size_t end = i + 1 == found.size() ? series.size() : found[i + 1];
    result.push_back({found[i], median_of(series, begin, found[i]), median_of(series, found[i], end)});
  }
  return result;
}

}  // namespace

std::vector<ChangePoint> change_points(const Series& series, double significance) {
  std::vector<std::size_t> found;
  split_range(Sums(centred(series)), 0, series.size(), significance, found);
  return with_levels(series, found);
}

std::vector<ChangePoint> exact_changes(const Series& series) {
  std::vector<std::size_t> found;
  for (std::size_t i = 1; i < series.size(); ++i)
    if (series[i] != series[i - 1]) found.push_back(i);
  return with_levels(series, found);
}

}  // namespace isoframe::metrics
