#include "reports/trace.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "reports/text.h"

namespace isoframe::reports {

namespace {

using nlohmann::json;
using records::StageEvent;
using records::StageEvents;

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

/// The bytes that a rank has sent by the end of a collective.
json counter(const StageEvent& event, std::uint64_t sent, double origin, int pid, int tid) {
  return {{"ph", "C"},  {"name", fmt::format("bytes sent by rank {}", tid)},  {"pid", pid},
          {"tid", tid}, {"ts", (event.start + event.seconds - origin) * 1e6}, {"args", {{"bytes", sent}}}};
}

}  // namespace

TraceWriter::TraceWriter(double origin, Write write) : origin_(origin), write_(std::move(write)) {
  write_(R"({"displayTimeUnit":"ms","traceEvents":[)");
}

void TraceWriter::add(const std::string& event) {
  if (!is_first_) write_(",\n");
  is_first_ = false;
  write_(event);
}

void TraceWriter::begin_case(const std::string& name) {
  named_ranks_ = 0;
  add(named("process_name", ++pid_, 0, one_line(name)).dump());
}

void TraceWriter::add_round(std::size_t round, const std::vector<StageEvents>& ranks) {
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    const int tid = static_cast<int>(rank);
    if (rank >= named_ranks_) add(named("thread_name", pid_, tid, fmt::format("rank {}", rank)).dump());
    std::uint64_t sent = 0;
    for (const StageEvent& event : ranks[rank]) {
      add(slice(event, origin_, round, pid_, tid).dump());
      if (!is_collective(event) || event.bytes_sent == 0) continue;
      sent += event.bytes_sent;
      add(counter(event, sent, origin_, pid_, tid).dump());
    }
  }
  named_ranks_ = std::max(named_ranks_, ranks.size());
}

void TraceWriter::end() { write_("]}\n"); }

double first_start(const std::vector<StageEvents>& ranks) {
  double first = std::numeric_limits<double>::infinity();
  for (const StageEvents& rank : ranks)
    for (const StageEvent& event : rank) first = std::min(first, event.start);
  return first;
}

}  // namespace isoframe::reports
