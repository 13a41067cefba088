#pragma once
// The timeline of a rank: events-<rank>.json of a round, from which trace.json and report.html's stages
// follow.

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "reports/records/field.h"

namespace isoframe::reports::records {

/// One occurrence of a stage, block, tile or collective on a rank.
struct StageEvent {
  std::string stage;
  std::int64_t index = -1;
  double start = 0.0, seconds = 0.0;
  std::uint64_t bytes_sent = 0, bytes_received = 0;
  double seconds_in_collectives = 0.0;

  /// Makes the codec write a list of the fields' values: a round has thousands of events.
  static constexpr bool kIsList = true;
  template <typename T = StageEvent>
  static constexpr auto fields() {
    return std::tuple{
        field("stage", &T::stage, "", "the stage, or `collective.<group>.<collective>`"),
        field("index", &T::index, "", "its step, block or tile; -1 where it is not counted"),
        field("start", &T::start, "s", "begin, since 1970"),
        field("seconds", &T::seconds, "s", "duration"),
        field("bytes_sent", &T::bytes_sent, "bytes", "sent by the rank's collectives meanwhile"),
        field("bytes_received", &T::bytes_received, "bytes", "received by them"),
        field("seconds_in_collectives", &T::seconds_in_collectives, "s", "time inside them"),
    };
  }
};

/// The events of one rank in one round.
using StageEvents = std::vector<StageEvent>;

nlohmann::json to_json(const StageEvents& events);
/// Throws InputError naming the field.
StageEvents stage_events_from_json(const nlohmann::json& json);

}  // namespace isoframe::reports::records
