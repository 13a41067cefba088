#include "reports/trace.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string_view>

#include <fmt/format.h>

#include "reports/text.h"

namespace isoframe::reports {

namespace {

using nlohmann::json;

double first_start(const std::vector<CaseEvents>& cases) {
  double first = std::numeric_limits<double>::infinity();
  for (const CaseEvents& value : cases)
    for (const auto& round : value.rounds)
      for (const json& rank : round)
        for (const json& event : rank) first = std::min(first, event.at(2).get<double>());
  return first;
}

json named(const char* what, int pid, int tid, const std::string& name) {
  return {{"ph", "M"}, {"name", what}, {"pid", pid}, {"tid", tid}, {"args", {{"name", name}}}};
}

constexpr std::string_view kCollective = "collective.";

bool is_collective(const json& event) {
  return event.at(0).get_ref<const std::string&>().starts_with(kCollective);
}

json slice(const json& event, double origin, std::size_t round, int pid, int tid) {
  const std::string stage = event.at(0).get<std::string>();
  const auto index = event.at(1).get<std::int64_t>();
  std::string name = stage, category = stage;
  if (is_collective(event)) {
    category = "collective";
    name = stage.substr(kCollective.size());
  } else if (index >= 0 && stage != "denoise") {
    name = fmt::format("{} {}", stage, index);
  }
  json args = {{"round", round}};
  if (event.at(4) != 0 || event.at(5) != 0)
    args.update({{"bytes_sent", event.at(4)},
                 {"bytes_received", event.at(5)},
                 {"seconds_in_collectives", event.at(6)}});
  return {{"ph", "X"},
          {"name", name},
          {"cat", category},
          {"pid", pid},
          {"tid", tid},
          {"ts", (event.at(2).get<double>() - origin) * 1e6},
          {"dur", event.at(3).get<double>() * 1e6},
          {"args", args}};
}

/// Bytes sent since the round began, after each collective.
void add_counter(json& events, const json& rank, double origin, int pid, int tid) {
  std::uint64_t sent = 0;
  for (const json& event : rank) {
    if (!is_collective(event) || event.at(4) == 0) continue;
    sent += event.at(4).get<std::uint64_t>();
    events.push_back({{"ph", "C"},
                      {"name", fmt::format("bytes sent by rank {}", tid)},
                      {"pid", pid},
                      {"tid", tid},
                      {"ts", (event.at(2).get<double>() + event.at(3).get<double>() - origin) * 1e6},
                      {"args", {{"bytes", sent}}}});
  }
}

}  // namespace

std::string trace_json(const std::vector<CaseEvents>& cases) {
  const double origin = first_start(cases);
  json events = json::array();
  for (std::size_t number = 0; number < cases.size(); ++number) {
    const int pid = static_cast<int>(number) + 1;
    const CaseEvents& value = cases[number];
    events.push_back(named("process_name", pid, 0, one_line(value.name)));
    for (std::size_t round = 0; round < value.rounds.size(); ++round) {
      for (std::size_t rank = 0; rank < value.rounds[round].size(); ++rank) {
        const int tid = static_cast<int>(rank);
        if (round == 0) events.push_back(named("thread_name", pid, tid, fmt::format("rank {}", rank)));
        for (const json& event : value.rounds[round][rank])
          events.push_back(slice(event, origin, round, pid, tid));
        add_counter(events, value.rounds[round][rank], origin, pid, tid);
      }
    }
  }
  return json{{"displayTimeUnit", "ms"}, {"traceEvents", events}}.dump() + "\n";
}

}  // namespace isoframe::reports
