#pragma once
// The record of a case's results over runs, which `isoframe history --json` prints.

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "reports/records/field.h"
#include "reports/records/names.h"

namespace isoframe::reports::records {

/// A run from which on a measure has another level.
struct LevelChange {
  std::string started, commit;
  double before = 0.0, after = 0.0;
  std::size_t index = 0;

  template <typename T = LevelChange>
  static constexpr auto fields() {
    return std::tuple{
        field("started", &T::started, "", "begin of the first run on the new level, ISO 8601, UTC"),
        field("commit", &T::commit, "", "commit that this run was built from"),
        any_number(field("before", &T::before, "", "median before, in the measure's unit")),
        any_number(field("after", &T::after, "", "median from here on")),
        field("index", &T::index, "", "position of this run's value in `values`"),
    };
  }
};

/// Rise of a measure above the accepted baseline by now.
struct Drift {
  std::string since, commit;
  std::optional<double> ratio, lower, upper;
  Verdict verdict = Verdict::kPassed;
  std::string reason;

  template <typename T = Drift>
  static constexpr auto fields() {
    return std::tuple{
        field("since", &T::since, "", "begin of the accepted run, ISO 8601, UTC; empty if none has the case"),
        field("commit", &T::commit, "", "commit that the accepted run was built from"),
        any_number(field("ratio", &T::ratio, "",
                         "level of the latest runs to the accepted run's; null if there is none to compare",
                         Presence::kNull)),
        any_number(field(
            "lower", &T::lower, "",
            "lower bound of the ratio, so certain that unchanged code raises an alarm in one of a hundred "
            "calls; null for a measure without noise",
            Presence::kNull)),
        any_number(field("upper", &T::upper, "", "upper bound, at 90 %", Presence::kNull)),
        field("verdict", &T::verdict, "",
              "`passed`, `failed` beyond `--drift-max`, `untrusted` if too noisy to tell, `skipped` if there "
              "is nothing to compare"),
        field("reason", &T::reason, "", "reason for all but `passed`"),
    };
  }
};

/// One measure of one case over all runs that have it, oldest first.
struct MeasureSeries {
  std::string measure, unit;
  std::vector<double> values;
  std::vector<LevelChange> changes;
  std::string sparkline;
  std::optional<Drift> drift = {};

  template <typename T = MeasureSeries>
  static constexpr auto fields() {
    return std::tuple{
        field("measure", &T::measure, "", "\"latency\", \"tensor memory\", \"PSNR\", \"SSIM\""),
        field("unit", &T::unit, "", "unit of `values`"),
        any_number(field("values", &T::values, "", "one value a run, oldest first")),
        field("changes", &T::changes, "", "runs from which on the level is another"),
        field("sparkline", &T::sparkline, "", "the values as a line of block characters"),
        field("drift", &T::drift, "", "drift since the accepted baseline, with `--drift-max`",
              Presence::kOmitted),
    };
  }
};

/// The measures of each case, by its name.
using HistoryRecord = std::map<std::string, std::vector<MeasureSeries>>;

nlohmann::json to_json(const HistoryRecord& record);

}  // namespace isoframe::reports::records
