#include "metrics/ratio_interval.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <fmt/format.h>

#include "base/error.h"
#include "metrics/statistics.h"

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

std::vector<double> resample(const std::vector<double>& samples, std::size_t size, std::mt19937_64& random) {
  std::uniform_int_distribution<std::size_t> index(0, samples.size() - 1);
  std::vector<double> drawn(size);
  for (double& value : drawn) value = samples[index(random)];
  return drawn;
}

double variance(const std::vector<double>& samples) {
  const double deviation = sample_standard_deviation(samples);
  return deviation * deviation;
}

double count(const std::vector<double>& samples) { return static_cast<double>(samples.size()); }

double standard_error(const std::vector<double>& samples) {
  return std::sqrt(variance(samples) / count(samples));
}

double pooled_variance(const std::vector<double>& a, const std::vector<double>& b) {
  return ((count(a) - 1.0) * variance(a) + (count(b) - 1.0) * variance(b)) / (count(a) + count(b) - 2.0);
}

/// Deviations of both sides, each from its own mean.
std::vector<double> residuals(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> result;
  for (const std::vector<double>* side : {&a, &b}) {
    const double center = mean(*side);
    for (const double value : *side) result.push_back(value - center);
  }
  return result;
}

/// Interval of a statistic with its standard error, from resampled values of (statistic - estimate) / error.
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
    const std::vector<double> drawn = resample(ratios, ratios.size(), random);
    const double error = standard_error(drawn);
    if (error > 0.0) t.push_back((mean(drawn) - estimate) / error);
  }
  return interval(estimate, standard_error(ratios), t, confidence, ratios.size());
}

RatioInterval unpaired_ratio_interval(const std::vector<double>& candidate,
                                      const std::vector<double>& reference, double confidence) {
  const std::vector<double> above = logarithms(candidate);
  const std::vector<double> below = logarithms(reference);
  const double estimate = mean(above) - mean(below);
  const std::vector<double> both = residuals(above, below);
  std::mt19937_64 random(kSeed);
  std::vector<double> t;
  for (int i = 0; i < kResamples; ++i) {
    const std::vector<double> a = resample(both, above.size(), random);
    const std::vector<double> b = resample(both, below.size(), random);
    const double pooled = pooled_variance(a, b);
    const double error = std::sqrt(pooled / count(a) + pooled / count(b));
    if (error > 0.0) t.push_back((mean(a) - mean(b)) / error);
  }
  const double pooled = pooled_variance(above, below);
  const double error = std::sqrt(std::max(pooled, variance(above)) / count(above) +
                                 std::max(pooled, variance(below)) / count(below));
  return interval(estimate, error, t, confidence, std::min(above.size(), below.size()));
}

}  // namespace isoframe::metrics
