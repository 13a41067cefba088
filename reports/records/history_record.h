#pragma once
// The record of a case's results over runs, which `isoframe history --json` prints.

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "reports/records/field.h"

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
        field("before", &T::before, "", "median before, in the measure's unit"),
        field("after", &T::after, "", "median from here on"),
        field("index", &T::index, "", "position of this run's value in `values`"),
    };
  }
};

/// One measure of one case over all runs that have it, oldest first.
struct MeasureSeries {
  std::string measure, unit;
  std::vector<double> values;
  std::vector<LevelChange> changes;
  std::string sparkline;

  template <typename T = MeasureSeries>
  static constexpr auto fields() {
    return std::tuple{
        field("measure", &T::measure, "", "\"latency\", \"tensor memory\", \"PSNR\", \"SSIM\""),
        field("unit", &T::unit, "", "unit of `values`"),
        field("values", &T::values, "", "one value a run, oldest first"),
        field("changes", &T::changes, "", "runs from which on the level is another"),
        field("sparkline", &T::sparkline, "", "the values as a line of block characters"),
    };
  }
};

/// The measures of each case, by its name.
using HistoryRecord = std::map<std::string, std::vector<MeasureSeries>>;

nlohmann::json to_json(const HistoryRecord& record);

}  // namespace isoframe::reports::records
