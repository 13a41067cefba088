#include "harness/selftest/resources.h"

#include <algorithm>
#include <iterator>

#include "harness/judge/against.h"
#include "harness/judge/latency.h"

namespace isoframe::harness::selftest {

using nlohmann::json;

namespace {

json empty_result() { return {{"latency", {{"total_seconds", json::array()}}}, {"ranks", json::array()}}; }

/// One repetition more, as in a result.json.
void add(json& result, const std::vector<json>& records) {
  double slowest = 0.0;
  for (std::size_t rank = 0; rank < records.size(); ++rank) {
    const json& record = records[rank];
    json& row = result["ranks"][rank];
    double total = 0.0;
    for (const auto& [stage, seconds] : record.at("busy").items()) {
      row["busy"][stage].push_back(seconds);
      total += seconds.get<double>();
    }
    // Sides are measured in turns: the second is unit enough.
    for (const char* clock : {"seconds", "busy_seconds"}) row["yardstick"][clock].push_back(1.0);
    slowest = std::max(slowest, total);
    row["live_tensor_bytes"] = record.at("live_tensor_bytes");
    row["peak_tensor_bytes"] = std::max(row.value("peak_tensor_bytes", std::uint64_t{0}),
                                        record.at("peak_tensor_bytes").get<std::uint64_t>());
  }
  result["latency"]["total_seconds"].push_back(slowest);
}

judge::Judgement judge_pair(const json& now, const json& then) {
  return judge::judge_against({now, json()}, {then, json()}, json(), {}, /*comparisons=*/1);
}

/// Of sound runs, shared out to two sides.
bool pass_among_themselves(const std::vector<MeasuredPair>& pairs) {
  json sides[] = {empty_result(), empty_result()};
  for (std::size_t i = 0; i < pairs.size(); ++i) add(sides[i / 2 % 2], pairs[i].sound);
  return judge_pair(sides[0], sides[1]).verdict != judge::Verdict::kFailed;
}

json found_json(const std::string& stage, std::int64_t step, int rank) {
  return {{"stage", stage}, {"step", step < 0 ? json() : json(step)}, {"point", ""}, {"ranks", {rank}}};
}

/// Where, as {"found", "sentence"}; null where nothing is to be found.
json locate_harm(Harm harm, const json& now, const json& then) {
  if (harm == Harm::kMemory) {
    const auto place = judge::first_kept(now.at("ranks"), then.at("ranks"),
                                         static_cast<std::int64_t>(judge::kAgainstMemoryBytes));
    if (!place) return {{"found", json()}, {"sentence", ""}};
    return {{"found", found_json(place->stage, place->step, place->rank)}, {"sentence", sentence(*place)}};
  }
  const auto place = judge::slowest_place({now, json()}, {then, json()}, judge::kAgainstLatency,
                                          {.of_case = 0.5, .cases = 1});
  if (!place) return {{"found", json()}, {"sentence", ""}};
  return {{"found", found_json(place->stage, -1, place->rank)}, {"sentence", sentence(*place)}};
}

}  // namespace

json judge_resources(const Fault& fault, const Materials& materials) {
  json faulty = empty_result(), sound = empty_result();
  std::vector<MeasuredPair> measured;
  const bool is_exact = fault.harm == Harm::kMemory;  // bytes are counted, times are sampled
  const int batch = is_exact ? 4 : kPairs, most = is_exact ? 4 : kMostPairs;
  bool is_caught = false;
  json place = {{"found", json()}, {"sentence", ""}};
  while (place.at("found").is_null() && std::ssize(measured) < most) {
    for (const MeasuredPair& pair : measure_in_turns(fault.setting, fault.plant, batch, materials)) {
      add(faulty, pair.faulty);
      add(sound, pair.sound);
      measured.push_back(pair);
    }
    is_caught = judge_pair(faulty, sound).verdict == judge::Verdict::kFailed;
    if (is_caught) place = locate_harm(fault.harm, faulty, sound);
  }
  // As in a run, an alarm is measured again before it is believed.
  const bool is_sound =
      pass_among_themselves(measured) ||
      pass_among_themselves(measure_in_turns(fault.setting, fault.plant, 2 * batch, materials));
  const char* const gate = is_exact ? "memory" : "latency";
  return {{"gate", is_caught ? json(gate) : json()},
          {"found", place.at("found")},
          {"sentence", place.at("sentence")},
          {"sound", is_sound}};
}

}  // namespace isoframe::harness::selftest
