#include "metrics/drift.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/error.h"
#include "metrics/change_points.h"
#include "metrics/statistics.h"
#include "metrics/student.h"

namespace isoframe::metrics {

namespace {

constexpr double kSignificance = 0.01;

std::vector<double> logarithms(const std::vector<double>& series) {
  std::vector<double> result;
  for (const double value : series) {
    if (!(value > 0.0) || std::isinf(value))
      throw InputError(fmt::format("a result of {} has no drift: it is not above 0", value));
    result.push_back(std::log(value));
  }
  return result;
}

struct Spread {
  double variance = 0.0;
  double degrees_of_freedom = 0.0;
};

/// The variance of single results, nothing of it where there are no two neighbours of one level.
Spread spread_of_neighbours(const std::vector<double>& values) {
  const std::vector<ChangePoint> changes = change_points(values, kSignificance);
  double squares = 0.0, count = 0.0;
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (std::ranges::find(changes, i, &ChangePoint::index) != changes.end()) continue;
    squares += (values[i] - values[i - 1]) * (values[i] - values[i - 1]);
    count += 1.0;
  }
  if (squares == 0.0) return {};
  // Neighbouring differences share a value, so that they are worth fewer than their number.
  return {squares / (2.0 * count), 2.0 * count * count / (3.0 * count - 1.0)};
}

}  // namespace

RatioInterval drift(const std::vector<double>& series, std::size_t accepted, double confidence) {
  if (accepted + 1 >= series.size()) throw InputError("nothing was measured after the accepted baseline");
  const std::vector<double> values = logarithms(series);
  const std::size_t latest = std::min(kLatest, series.size() - accepted - 1);
  const double level = mean({values.end() - static_cast<std::ptrdiff_t>(latest), values.end()});
  const double estimate = level - values[accepted], ratio = std::exp(estimate);
  const auto [variance, degrees_of_freedom] = spread_of_neighbours(values);
  if (variance == 0.0) return {ratio, 0.0, std::numeric_limits<double>::infinity(), latest, false};
  const double error = std::sqrt(variance + variance / static_cast<double>(latest));
  const double reach = error * student_quantile(confidence, degrees_of_freedom);
  return {ratio, std::exp(estimate - reach), std::exp(estimate + reach), latest};
}

}  // namespace isoframe::metrics
