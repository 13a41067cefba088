#include "metrics/ratio_interval.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/error.h"
#include "metrics/statistics.h"
#include "metrics/student.h"

namespace isoframe::metrics {

namespace {

/// Smallest spread of logarithms that is taken for one.  Below it is rounding: a second measured to the
/// nanosecond has a larger one.
constexpr double kLeastSpread = 1e-10;

std::vector<double> logarithms(const std::vector<double>& seconds) {
  if (seconds.size() < 2) {
    throw InputError(
        fmt::format("a ratio of {} measurement(s) has no interval; measure at least twice", seconds.size()));
  }
  std::vector<double> result;
  for (const double value : seconds) {
    if (!(value > 0.0) || std::isinf(value))
      throw InputError(fmt::format("a measured time is {}, not above 0", value));
    result.push_back(std::log(value));
  }
  return result;
}

/// One independent cause of error of an estimate, as far as its samples tell.
struct Part {
  double squared_error = 0.0;
  double degrees_of_freedom = 1.0;
  bool is_known = true;
};

/// The error of the mean of samples.
Part error_of_mean(const std::vector<double>& samples) {
  const double deviation = sample_standard_deviation(samples);
  const auto count = static_cast<double>(samples.size());
  return {deviation * deviation / count, count - 1.0, deviation >= kLeastSpread};
}

/// Welch's degrees of freedom of a sum of such parts (Satterthwaite's equation), but hardly more than those
/// of the part that has fewest.  The equation counts a part for little whose samples happen to lie close
/// together, and these are the samples that raise false alarms.
double degrees_of_freedom(const std::vector<Part>& parts) {
  constexpr double kMostOfFewest = 1.25;
  double error = 0.0, squares = 0.0, fewest = std::numeric_limits<double>::infinity();
  for (const Part& part : parts) {
    error += part.squared_error;
    squares += part.squared_error * part.squared_error / part.degrees_of_freedom;
    fewest = std::min(fewest, part.degrees_of_freedom);
  }
  return std::min(error * error / squares, kMostOfFewest * fewest);
}

RatioInterval interval(double estimate, const std::vector<Part>& parts, double confidence,
                       std::size_t pairs) {
  const double ratio = std::exp(estimate);
  if (!std::ranges::all_of(parts, &Part::is_known))
    return {ratio, 0.0, std::numeric_limits<double>::infinity(), pairs, false};
  double squared_error = 0.0;
  for (const Part& part : parts) squared_error += part.squared_error;
  const double reach = student_quantile(confidence, degrees_of_freedom(parts)) * std::sqrt(squared_error);
  return {ratio, std::exp(estimate - reach), std::exp(estimate + reach), pairs};
}

}  // namespace

RatioInterval ratio_interval(const std::vector<double>& candidate, const std::vector<double>& reference,
                             double confidence) {
  if (candidate.size() != reference.size()) {
    throw InputError(fmt::format("{} and {} measurements are not pairs", candidate.size(), reference.size()));
  }
  std::vector<double> ratios = logarithms(candidate);
  const std::vector<double> below = logarithms(reference);
  for (std::size_t i = 0; i < ratios.size(); ++i) ratios[i] -= below[i];
  return interval(mean(ratios), {error_of_mean(ratios)}, confidence, ratios.size());
}

RatioInterval unpaired_ratio_interval(const std::vector<double>& candidate,
                                      const std::vector<double>& reference, double confidence) {
  const std::vector<double> above = logarithms(candidate), below = logarithms(reference);
  return interval(mean(above) - mean(below), {error_of_mean(above), error_of_mean(below)}, confidence,
                  std::min(above.size(), below.size()));
}

RatioInterval ratio_interval_to_runs(const std::vector<double>& candidate,
                                     const std::vector<std::vector<double>>& runs, double confidence) {
  if (runs.empty()) throw InputError("a ratio to no earlier run has no interval");
  if (runs.size() == 1) return unpaired_ratio_interval(candidate, runs.front(), confidence);
  const std::vector<double> own = logarithms(candidate);
  std::vector<double> means;
  for (const std::vector<double>& run : runs) means.push_back(mean(logarithms(run)));
  // Besides the error of the earlier runs' mean, this run's own deviation from what runs are on average.
  Part between = error_of_mean(means);
  between.squared_error *= 1.0 + static_cast<double>(runs.size());
  return interval(mean(own) - mean(means), {error_of_mean(own), between}, confidence, own.size());
}

}  // namespace isoframe::metrics
