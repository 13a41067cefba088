#include "harness/qualify/series.h"

#include <algorithm>

#include "harness/qualify/refusal.h"

namespace isoframe::harness::qualify {

using reports::records::JudgedSeries;
using reports::records::Series;

void add(Series& series, double value) {
  series.min = series.count == 0 ? value : std::min(series.min, value);
  series.max = series.count == 0 ? value : std::max(series.max, value);
  if (series.count % series.stride == 0) {
    if (series.samples.size() == kMostSamples) {
      for (std::size_t k = 0; 2 * k < kMostSamples; ++k) series.samples[k] = series.samples[2 * k];
      series.samples.resize(kMostSamples / 2);
      series.stride *= 2;
    }
    series.samples.push_back(value);
  }
  ++series.count;
}

void add(JudgedSeries& series, double value, bool is_disturbed) {
  if (series.count > 0 && is_disturbed && !series.disturbed) return;
  if (series.count == 0 || (series.disturbed && !is_disturbed)) {
    series = {};
    series.disturbed = is_disturbed;
  }
  add(static_cast<Series&>(series), value);
}

std::optional<metrics::Summary> summary_of(const Series& series) {
  if (series.count == 0) return std::nullopt;
  metrics::Summary summary = metrics::summarize(series.samples);
  summary.count = series.count;
  summary.min = series.min;
  summary.max = series.max;
  return summary;
}

std::optional<double> drift_of(const Series& series) {
  const auto third = static_cast<std::ptrdiff_t>(series.samples.size() / 3);
  if (third == 0) return std::nullopt;
  const std::vector<double> first(series.samples.begin(), series.samples.begin() + third),
      last(series.samples.end() - third, series.samples.end());
  return metrics::ratio(metrics::median(last), metrics::median(first));
}

void check(const Series& series, const std::string& field) {
  const bool is_thinned = series.stride > 1;
  const bool has_all_samples =
      series.stride > 0 && series.samples.size() <= kMostSamples &&
      series.samples.empty() == (series.count == 0) &&
      (is_thinned ? series.samples.size() >= kMostSamples / 2 : series.samples.size() == series.count) &&
      series.samples.size() == (series.count + series.stride - 1) / series.stride;
  if (!has_all_samples) refuse(field, "does not hold as many values as it says");
  if (series.samples.empty()) return;
  const auto [least, most] = std::ranges::minmax(series.samples);
  const bool are_extremes_right =
      is_thinned ? series.min <= least && most <= series.max : series.min == least && most == series.max;
  if (!are_extremes_right) refuse(field, "has another minimum or maximum than its values");
  if (series.min < 0.0) refuse(field, "has a value below 0");
}

}  // namespace isoframe::harness::qualify
