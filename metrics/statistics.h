#pragma once
// Samples in, a few numbers out.  All throw InputError for an empty list.

#include <optional>
#include <vector>

namespace isoframe::metrics {

double median(const std::vector<double>& samples);

/// `q` in [0, 1]; linear between neighbours, as numpy.quantile does by default (type 7 of Hyndman and Fan).
double quantile(const std::vector<double>& samples, double q);

double mean(const std::vector<double>& samples);

/// Standard deviation with n - 1 in the denominator; 0 for a single sample.
double sample_standard_deviation(const std::vector<double>& samples);

/// The quotient of two measurements; nothing if it is not a number, as 0 / 0, or has no bound, as 1 / 0.
std::optional<double> ratio(double numerator, double denominator);

struct Summary {
  std::size_t count = 0;
  double min = 0.0;
  double median = 0.0;
  double max = 0.0;
  double mean = 0.0;
  double standard_deviation = 0.0;
};
Summary summarize(const std::vector<double>& samples);

}  // namespace isoframe::metrics
