#include "reports/trace.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "reports/text.h"

namespace isoframe::reports {

namespace {

using nlohmann::json;
using records::StageEvent;
using records::StageEvents;

double first_start(const std::vector<CaseEvents>& cases) {
  double first = std::numeric_limits<double>::infinity();
  for (const CaseEvents& one : cases)
    for (const auto& round : one.rounds)
      for (const StageEvents& rank : round)
        for (const StageEvent& event : rank) first = std::min(first, event.start);
  return first;
}

json named(const char* what, int pid, int tid, const std::string& name) {
  return {{"ph", "M"}, {"name", what}, {"pid", pid}, {"tid", tid}, {"args", {{"name", name}}}};
}

constexpr std::string_view kCollective = "collective.";

bool is_collective(const StageEvent& event) { return event.stage.starts_with(kCollective); }

json slice(const StageEvent& event, double origin, std::size_t round, int pid, int tid) {
  std::string name = event.stage, category = event.stage;
  if (is_collective(event)) {
    category = "collective";
    name = event.stage.substr(kCollective.size());
  } else if (event.index >= 0 && event.stage != "denoise") {
    name = fmt::format("{} {}", event.stage, event.index);
  }
  json args = {{"round", round}};
  if (event.bytes_sent != 0 || event.bytes_received != 0)
    args.update({{"bytes_sent", event.bytes_sent},
                 {"bytes_received", event.bytes_received},
                 {"seconds_in_collectives", event.seconds_in_collectives}});
  return {{"ph", "X"},
          {"name", name},
          {"cat", category},
          {"pid", pid},
          {"tid", tid},
          {"ts", (event.start - origin) * 1e6},
          {"dur", event.seconds * 1e6},
          {"args", args}};
}

/// Adds the bytes sent since the round began, after each collective.
void add_counter(json& events, const StageEvents& rank, double origin, int pid, int tid) {
  std::uint64_t sent = 0;
  for (const StageEvent& event : rank) {
    if (!is_collective(event) || event.bytes_sent == 0) continue;
    sent += event.bytes_sent;
    events.push_back({{"ph", "C"},
                      {"name", fmt::format("bytes sent by rank {}", tid)},
                      {"pid", pid},
                      {"tid", tid},
                      {"ts", (event.start + event.seconds - origin) * 1e6},
                      {"args", {{"bytes", sent}}}});
  }
}

}  // namespace

std::string trace_json(const std::vector<CaseEvents>& cases) {
  const double origin = first_start(cases);
  json events = json::array();
  for (std::size_t number = 0; number < cases.size(); ++number) {
    const int pid = static_cast<int>(number) + 1;
    const CaseEvents& one = cases[number];
    events.push_back(named("process_name", pid, 0, one_line(one.name)));
    for (std::size_t round = 0; round < one.rounds.size(); ++round) {
      for (std::size_t rank = 0; rank < one.rounds[round].size(); ++rank) {
        const int tid = static_cast<int>(rank);
        if (round == 0) events.push_back(named("thread_name", pid, tid, fmt::format("rank {}", rank)));
        for (const StageEvent& event : one.rounds[round][rank])
          events.push_back(slice(event, origin, round, pid, tid));
        add_counter(events, one.rounds[round][rank], origin, pid, tid);
      }
    }
  }
  return json{{"displayTimeUnit", "ms"}, {"traceEvents", events}}.dump() + "\n";
}

}  // namespace isoframe::reports
