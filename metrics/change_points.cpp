#include "metrics/change_points.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "metrics/statistics.h"

namespace isoframe::metrics {

namespace {

constexpr std::size_t kFewest = 3;
constexpr int kPermutations = 999;
constexpr std::uint64_t kSeed = 20240607;

using Series = std::vector<double>;

struct Split {
  std::size_t index = 0;
  double statistic = 0.0;
};

struct Sums {
  double sum = 0.0, squares = 0.0, count = 0.0;
  void add(double value) { sum += value, squares += value * value, count += 1.0; }
  double mean() const { return sum / count; }
  /// The squared standard error of the mean.
  double variance() const { return std::max(0.0, (squares - sum * sum / count) / (count - 1.0)) / count; }
};

/// The split with the largest |t|; index 0 where the series is too short for one.
Split best_split(const Series& series) {
  Split best;
  Sums before;
  for (std::size_t at = 0; at + kFewest <= series.size(); ++at) {
    if (at >= kFewest) {
      Sums after;
      for (std::size_t i = at; i < series.size(); ++i) after.add(series[i]);
      const double error = std::sqrt(before.variance() + after.variance());
      const double difference = std::abs(after.mean() - before.mean());
      const double t = error > 0.0 ? difference / error : (difference > 0.0 ? HUGE_VAL : 0.0);
      if (t > best.statistic) best = {at, t};
    }
    before.add(series[at]);
  }
  return best;
}

bool is_significant(Series series, const Split& split, double significance) {
  std::mt19937_64 random(kSeed);
  int as_large = 0;
  for (int i = 0; i < kPermutations; ++i) {
    std::shuffle(series.begin(), series.end(), random);
    as_large += best_split(series).statistic >= split.statistic ? 1 : 0;
  }
  return static_cast<double>(as_large + 1) / (kPermutations + 1) <= significance;
}

void split_range(const Series& series, std::size_t begin, std::size_t end, double significance,
                 std::vector<std::size_t>& found) {
  const Series range(series.begin() + static_cast<std::ptrdiff_t>(begin),
                     series.begin() + static_cast<std::ptrdiff_t>(end));
  const Split split = best_split(range);
  if (split.index == 0 || !is_significant(range, split, significance)) return;
  split_range(series, begin, begin + split.index, significance, found);
  found.push_back(begin + split.index);
  split_range(series, begin + split.index, end, significance, found);
}

double median_of(const Series& series, std::size_t begin, std::size_t end) {
  return median(Series(series.begin() + static_cast<std::ptrdiff_t>(begin),
                       series.begin() + static_cast<std::ptrdiff_t>(end)));
}

}  // namespace

std::vector<ChangePoint> change_points(const Series& series, double significance) {
  // Centred, so that sums of squares keep their digits.
  Series centred = series;
  const double center = series.empty() ? 0.0 : mean(series);
  for (double& value : centred) value -= center;
  std::vector<std::size_t> found;
  split_range(centred, 0, centred.size(), significance, found);

  std::vector<ChangePoint> result;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::size_t begin = i == 0 ? 0 : found[i - 1];
    const std::size_t end = i + 1 == found.size() ? series.size() : found[i + 1];
    result.push_back({found[i], median_of(series, begin, found[i]), median_of(series, found[i], end)});
  }
  return result;
}

}  // namespace isoframe::metrics
