#pragma once
// The record of a measured round: done.json.

#include <optional>
#include <tuple>
#include <vector>

#include <nlohmann/json.hpp>

#include "reports/records/origin.h"
#include "reports/records/rank.h"

namespace isoframe::reports::records {

/// A measured round: done.json.
struct RoundRecord {
  nlohmann::json spec;
  std::vector<RankRecord> ranks;
  std::optional<Origin> origin;

  template <typename T = RoundRecord>
  static constexpr auto fields() {
    return std::tuple{
        field("case", &T::spec, "",
              "part of the case that measurements depend on: all but baseline, gates and limits of time"),
        field("ranks", &T::ranks, "", "one entry a rank: its rank-<r>.json"),
        field("origin", &T::origin, "",
              "what the round was measured with; absent in files of earlier versions", Presence::kOmitted),
    };
  }
};
nlohmann::json to_json(const RoundRecord& record);
RoundRecord round_record_from_json(const nlohmann::json& json);

}  // namespace isoframe::reports::records
