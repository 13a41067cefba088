#include "harness/run/trends.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include <fmt/format.h>

#include "base/units.h"
#include "harness/judge/latency.h"
#include "metrics/change_points.h"
#include "metrics/drift.h"
#include "metrics/psnr.h"
#include "reports/records/names.h"

namespace isoframe::harness::run {

namespace records = reports::records;
using records::MeasureSeries;
using records::Verdict;

namespace {

/// Chance that any series of a call without a change is given one.
constexpr double kSignificance = 0.01;

enum class Noise { kSampled, kCounted, kOfLayout };

struct Measure {
  const char* name;
  const char* unit;
  std::optional<double> RecordedCase::*member;
  double scale;
  Noise noise;
  bool may_drift;  ///< larger is worse, as a ratio
};
constexpr Measure kMeasures[] = {
    {"latency", "s", &RecordedCase::seconds, 1.0, Noise::kSampled, true},
    {"tensor memory", "MiB", &RecordedCase::peak_tensor_bytes, 1.0 / base::kMebibyte, Noise::kCounted, true},
    {"PSNR", "dB", &RecordedCase::psnr, 1.0, Noise::kOfLayout, false},
    {"SSIM", "", &RecordedCase::ssim, 1.0, Noise::kOfLayout, false}};

/// One measure of one case, with the rows that have it.
struct Source {
  const Measure* measure;
  std::string name;
  std::vector<const RecordedCase*> rows;
  std::vector<double> values;
  bool is_exact;
};

/// True if the case's frames follow from the code alone; older histories do not name the class.
bool is_of_identical_layout(const RecordedCase& row) {
  if (row.numerics.empty()) return row.psnr && std::isinf(*row.psnr);
  return row.numerics == records::name_of(records::NumericsClass::kIdentical);
}

bool is_exact(const Measure& measure, const std::vector<const RecordedCase*>& rows) {
  if (measure.noise != Noise::kOfLayout) return measure.noise == Noise::kCounted;
  return std::ranges::all_of(rows, [](const RecordedCase* row) { return is_of_identical_layout(*row); });
}

std::vector<Source> sources_of(const std::vector<RecordedCase>& rows) {
  std::map<std::string, std::vector<const RecordedCase*>> by_case;
  for (const RecordedCase& row : rows) by_case[row.series].push_back(&row);
  std::vector<Source> result;
  for (const auto& [name, own] : by_case) {
    for (const Measure& measure : kMeasures) {
      Source source{&measure, name, {}, {}, false};
      for (const RecordedCase* row : own) {
        if (!(row->*measure.member)) continue;
        source.values.push_back(*(row->*measure.member) * measure.scale);
        source.rows.push_back(row);
      }
      if (source.values.empty()) continue;
      source.is_exact = is_exact(measure, source.rows);
      result.push_back(std::move(source));
    }
  }
  return result;
}

/// One line of eight heights, lowest to highest value.
std::string sparkline(const std::vector<double>& values) {
  static constexpr const char* kHeights[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  std::string line;
  for (const double value : values) {
    const double share = *high > *low ? (value - *low) / (*high - *low) : 0.0;
    line += kHeights[static_cast<std::size_t>(std::lround(share * 7.0))];
  }
  return line;
}

MeasureSeries series_of(const Source& source, double significance) {
  std::vector<double> finite = source.values;
  for (double& value : finite) value = std::isinf(value) ? metrics::kAboveAnyPsnr : value;
  MeasureSeries series{source.measure->name, source.measure->unit, source.values, {}, sparkline(finite)};
  const auto changes =
      source.is_exact ? metrics::exact_changes(source.values) : metrics::change_points(finite, significance);
  for (const metrics::ChangePoint& change : changes) {
    const RecordedRun& run = source.rows[change.index]->run;
    series.changes.push_back({run.started, run.commit, change.before, change.after, change.index});
  }
  return series;
}

/// Index of the newest value of an accepted run.
std::optional<std::size_t> accepted_index(const Source& source) {
  for (std::size_t i = source.rows.size(); i-- > 0;)
    if (source.rows[i]->run.accepted) return i;
  return std::nullopt;
}

/// Judges times by their interval.
void judge_sampled(records::Drift& drift, const Source& source, std::size_t accepted, double drift_max,
                   double confidence) {
  const metrics::RatioInterval strict = metrics::drift(source.values, accepted, confidence);
  const metrics::RatioInterval loose = metrics::drift(source.values, accepted, judge::kHolds);
  drift.ratio = strict.ratio;
  drift.lower = strict.lower;
  drift.upper = loose.upper;
  const std::string text = fmt::format("{:.3f}x the accepted baseline's ({:.3f}x to {:.3f}x)", strict.ratio,
                                       strict.lower, loose.upper);
  if (strict.lower > drift_max) {
    drift.verdict = Verdict::kFailed;
    drift.reason = fmt::format("drifted to {}, at most {:.3f}x", text, drift_max);
  } else if (loose.upper > drift_max * judge::kToldApart) {
    drift.verdict = Verdict::kUntrusted;
    drift.reason =
        fmt::format("is {}: runs differ too much to tell whether that is at most {:.3f}x", text, drift_max);
  }
}

void judge_exact(records::Drift& drift, const Source& source, std::size_t accepted, double drift_max) {
  const double now = source.values.back(), then = source.values[accepted];
  drift.ratio = now == then ? 1.0 : now / then;
  if (now <= then * drift_max) return;
  drift.verdict = Verdict::kFailed;
  drift.reason =
      fmt::format("drifted to {:.3f}x the accepted baseline's, at most {:.3f}x", *drift.ratio, drift_max);
}

bool has_times_above_zero(const Source& source) {
  return std::ranges::all_of(source.values, [](double value) { return value > 0.0 && std::isfinite(value); });
}

/// The drift of a series; `newest` is the start of the newest run of all.
records::Drift drift_of(const Source& source, const std::string& newest, double drift_max,
                        double confidence) {
  records::Drift drift;
  drift.verdict = Verdict::kSkipped;
  const auto accepted = accepted_index(source);
  if (!accepted) {
    drift.reason = "no accepted run has it";
    return drift;
  }
  drift.since = source.rows[*accepted]->run.started;
  drift.commit = source.rows[*accepted]->run.commit;
  if (source.rows.back()->run.started != newest) {
    drift.reason = "the newest run does not have it";
  } else if (!source.is_exact && !has_times_above_zero(source)) {
    drift.reason = "a time is not above 0";
  } else {
    drift.verdict = Verdict::kPassed;
    if (*accepted + 1 == source.values.size()) {
      drift.ratio = 1.0;  // the newest run is the accepted one
    } else if (source.is_exact) {
      judge_exact(drift, source, *accepted, drift_max);
    } else {
      judge_sampled(drift, source, *accepted, drift_max, confidence);
    }
  }
  return drift;
}

std::string newest_start(const std::vector<RecordedCase>& rows) {
  std::string newest;
  for (const RecordedCase& row : rows) newest = std::max(newest, row.run.started);
  return newest;
}

}  // namespace

records::HistoryRecord trends(const std::vector<RecordedCase>& rows, std::optional<double> drift_max) {
  const std::vector<Source> sources = sources_of(rows);
  const auto sampled = std::max<std::ptrdiff_t>(
      1, std::ranges::count_if(sources, [](const Source& source) { return !source.is_exact; }));
  const std::string newest = newest_start(rows);
  const double confidence = 1.0 - judge::kFalseAlarms / static_cast<double>(sampled);
  records::HistoryRecord record;
  for (const Source& source : sources) {
    MeasureSeries& series =
        record[source.name].emplace_back(series_of(source, kSignificance / static_cast<double>(sampled)));
    if (drift_max && source.measure->may_drift)
      series.drift = drift_of(source, newest, *drift_max, confidence);
  }
  return record;
}

int exit_code_of_drift(const records::HistoryRecord& record) {
  bool is_any_judged = false, is_any_broken = false;
  for (const auto& [name, measures] : record) {
    for (const MeasureSeries& series : measures) {
      if (!series.drift || series.drift->verdict == Verdict::kSkipped) continue;
      is_any_judged = true;
      is_any_broken = is_any_broken || series.drift->verdict != Verdict::kPassed;
    }
  }
  return is_any_judged && !is_any_broken ? 0 : 1;
}

}  // namespace isoframe::harness::run
