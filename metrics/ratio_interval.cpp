#include "metrics/ratio_interval.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <fmt/format.h>

#include "metrics/statistics.h"
#include "model/error.h"

namespace isoframe::metrics {

namespace {

constexpr int kResamples = 2000;
constexpr std::uint64_t kSeed = 20240607;

std::vector<double> logarithms(const std::vector<double>& seconds) {
  if (seconds.size() < 2) {
    throw InputError(
        fmt::format("a ratio of {} measurement(s) has no interval; measure at least twice", seconds.size()));
  }
  std::vector<double> result;
  for (const double value : seconds) {
    if (!(value > 0.0)) throw InputError(fmt::format("a measured time is {}, not above 0", value));
    result.push_back(std::log(value));
  }
  return result;
}

std::vector<double> resample(const std::vector<double>& samples, std::mt19937_64& random) {
  std::uniform_int_distribution<std::size_t> index(0, samples.size() - 1);
  std::vector<double> drawn(samples.size());
  for (double& value : drawn) value = samples[index(random)];
  return drawn;
}

double squared_standard_error(const std::vector<double>& samples) {
  const double deviation = sample_standard_deviation(samples);
  return deviation * deviation / static_cast<double>(samples.size());
}

/// Of a statistic and its standard error, from resampled values of (statistic - estimate) / error.
RatioInterval interval(double estimate, double error, const std::vector<double>& t, double confidence,
                       std::size_t pairs) {
  if (error == 0.0 || t.empty()) return {std::exp(estimate), std::exp(estimate), std::exp(estimate), pairs};
  const double high = quantile(t, confidence);
  const double low = quantile(t, 1.0 - confidence);
  return {std::exp(estimate), std::exp(estimate - high * error), std::exp(estimate - low * error), pairs};
}

}  // namespace

RatioInterval ratio_interval(const std::vector<double>& candidate, const std::vector<double>& reference,
                             double confidence) {
  if (candidate.size() != reference.size()) {
    throw InputError(fmt::format("{} and {} measurements are not pairs", candidate.size(), reference.size()));
  }
  const std::vector<double> above = logarithms(candidate);
  const std::vector<double> below = logarithms(reference);
  std::vector<double> ratios;
  for (std::size_t i = 0; i < above.size(); ++i) ratios.push_back(above[i] - below[i]);
  const double estimate = mean(ratios);

  std::mt19937_64 random(kSeed);
  std::vector<double> t;
  for (int i = 0; i < kResamples; ++i) {
    const std::vector<double> drawn = resample(ratios, random);
    const double error = std::sqrt(squared_standard_error(drawn));
    if (error > 0.0) t.push_back((mean(drawn) - estimate) / error);
  }
  return interval(estimate, std::sqrt(squared_standard_error(ratios)), t, confidence, ratios.size());
}

RatioInterval unpaired_ratio_interval(const std::vector<double>& candidate,
                                      const std::vector<double>& reference, double confidence) {
  const std::vector<double> above = logarithms(candidate);
  const std::vector<double> below = logarithms(reference);
  const double estimate = mean(above) - mean(below);
  const auto error_of = [](const std::vector<double>& a, const std::vector<double>& b) {
    return std::sqrt(squared_standard_error(a) + squared_standard_error(b));
  };
  std::mt19937_64 random(kSeed);
  std::vector<double> t;
  for (int i = 0; i < kResamples; ++i) {
    const std::vector<double> a = resample(above, random);
    const std::vector<double> b = resample(below, random);
    const double error = error_of(a, b);
    if (error > 0.0) t.push_back((mean(a) - mean(b) - estimate) / error);
  }
  return interval(estimate, error_of(above, below), t, confidence, std::min(above.size(), below.size()));
}

}  // namespace isoframe::metrics
