#include "metrics/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "base/error.h"

namespace isoframe::metrics {

namespace {

void require_samples(const std::vector<double>& samples) {
  if (samples.empty()) throw InputError("statistics of no samples; measure at least one repetition");
}

double quantile_of_sorted(const std::vector<double>& sorted, double q) {
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double fraction = position - static_cast<double>(below);
  // Neighbours that are infinite, or one that carries no weight, must not make a NaN.
  if (fraction == 0.0 || sorted[below] == sorted[above]) return sorted[below];
  return sorted[below] + fraction * (sorted[above] - sorted[below]);
}

}  // namespace

double quantile(const std::vector<double>& samples, double q) {
  require_samples(samples);
  if (!(q >= 0.0 && q <= 1.0)) throw InputError(fmt::format("quantile {} is not between 0 and 1", q));
  std::vector<double> sorted = samples;
  std::sort(sorted.begin(), sorted.end());
  return quantile_of_sorted(sorted, q);
}

double median(const std::vector<double>& samples) { return quantile(samples, 0.5); }

double mean(const std::vector<double>& samples) {
  require_samples(samples);
  return std::accumulate(samples.begin(), samples.end(), 0.0) / static_cast<double>(samples.size());
}

double sample_standard_deviation(const std::vector<double>& samples) {
  const double center = mean(samples);
  if (samples.size() == 1) return 0.0;
  double sum = 0.0;
  for (const double sample : samples) sum += (sample - center) * (sample - center);
  return std::sqrt(sum / static_cast<double>(samples.size() - 1));
}

std::optional<double> ratio(double numerator, double denominator) {
  const double quotient = numerator / denominator;
  return std::isfinite(quotient) ? std::optional(quotient) : std::nullopt;
}

Summary summarize(const std::vector<double>& samples) {
  require_samples(samples);
  const auto [min, max] = std::minmax_element(samples.begin(), samples.end());
  return {samples.size(), *min, median(samples), *max, mean(samples), sample_standard_deviation(samples)};
}

}  // namespace isoframe::metrics
