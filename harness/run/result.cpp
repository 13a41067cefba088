#include "harness/run/result.h"

#include <algorithm>
#include <set>

#include "harness/run/prediction.h"
#include "harness/scenario/case_json.h"
#include "metrics/statistics.h"
#include "reports/records/stages.h"

namespace isoframe::harness::run {

using nlohmann::json;

namespace {

/// One repetition of a stage on one rank: the sum of its parts ("decode.tile" runs many times), or the list
/// of them for a stage that is counted ("denoise.step").
json stage_sample(const json& parts, bool counted) {
  if (counted) return parts;
  double sum = 0.0;
  for (const json& part : parts) sum += part.get<double>();
  return sum;
}

bool is_counted(const std::string& stage) {
  return reports::records::is_stage(stage, reports::records::StageKind::kStep);
}

/// The slowest rank, part by part.
json slowest(const json& a, const json& b) {
  if (!a.is_array()) return std::max(a.get<double>(), b.get<double>());
  json result = json::array();
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) result.push_back(slowest(a[i], b[i]));
  return result;
}

/// {"text": [..one entry a round..], ...} of one rank.
json rank_stages(const std::vector<json>& rounds, std::size_t rank) {
  json stages = json::object();
  for (const json& ranks : rounds) {
    for (const auto& [stage, parts] : ranks[rank].at("stages").items())
      stages[stage].push_back(stage_sample(parts, is_counted(stage)));
    stages[std::string(reports::records::kCommunication)].push_back(ranks[rank].at("communication_seconds"));
  }
  return stages;
}

/// {"denoise": [..one entry a round..], ...} of one rank, outside collectives.
json rank_busy(const std::vector<json>& rounds, std::size_t rank) {
  json stages = json::object();
  for (const json& ranks : rounds) {
    const json busy = ranks[rank].value("busy", json::object());  // absent in runs of earlier versions
    for (const auto& [stage, seconds] : busy.items()) stages[stage].push_back(seconds);
  }
  return stages;
}

/// {"seconds": [..one entry a round..], "busy_seconds": [..]} of one rank; null where none was timed.
json rank_yardstick(const std::vector<json>& rounds, std::size_t rank) {
  json yardstick;
  for (const json& ranks : rounds) {
    const json once = ranks[rank].value("yardstick", json::object());
    for (const auto& [key, seconds] : once.items()) yardstick[key].push_back(seconds);
  }
  return yardstick;
}

std::vector<double> values(const json& samples) { return samples.get<std::vector<double>>(); }

json median_or_null(const json& stages, const std::string& stage) {
  if (!stages.contains(stage)) return nullptr;
  return metrics::median(values(stages.at(stage)));
}

json largest(const json& ranks, const std::string& key) {
  json result;
  for (const json& rank : ranks)
    if (rank.contains(key) && rank.at(key).is_number() && (result.is_null() || rank.at(key) > result))
      result = rank.at(key);
  return result;
}

json sum(const json& ranks, const std::string& key) {
  double total = 0.0;
  for (const json& rank : ranks) {
    if (!rank.at(key).is_number()) return nullptr;
    total += rank.at(key).get<double>();
  }
  return static_cast<std::uint64_t>(total);
}

/// A rank over all rounds: memory is the largest seen, everything that does not change with time is the last
/// round's.
json rank_over_rounds(const std::vector<json>& rounds, std::size_t rank) {
  json result = rounds.back()[rank];
  for (const char* key : {"load_seconds", "total_seconds", "communication_seconds"}) result.erase(key);
  result["stages"] = rank_stages(rounds, rank);
  result["busy"] = rank_busy(rounds, rank);
  result["yardstick"] = rank_yardstick(rounds, rank);
  for (const char* key : {"peak_resident_bytes", "peak_proportional_bytes", "peak_tensor_bytes"}) {
    for (const json& ranks : rounds)
      if (ranks[rank].at(key).is_number() && (!result[key].is_number() || ranks[rank].at(key) > result[key]))
        result[key] = ranks[rank].at(key);
  }
  return result;
}

}  // namespace

json assemble_result(const scenario::Case& spec, const std::vector<json>& rounds, const json& error,
                     const json& environment, const std::string& command) {
  json result = {{"schema_version", 1},
                 {"name", spec.name},
                 {"task", spec.task},
                 {"layout", model::parallel::to_string(spec.layout)},
                 {"world_size", spec.layout.world_size()},
                 {"baseline", spec.baseline.empty() ? json() : json(spec.baseline)},
                 {"case", scenario::to_json(spec)},
                 {"command", command},
                 {"environment", environment},
                 {"status", error.is_null() ? "ok" : "error"}};
  result["environment"]["threads_per_rank"] = spec.threads_per_rank;
  result["environment"]["device"] = spec.device;
  if (!error.is_null()) result["error"] = error;
  json total = json::array(), load = json::array(), ranks = json::array(), stages = json::object();
  if (!rounds.empty()) {
    for (const json& round : rounds) {
      total.push_back(round[0].at("total_seconds"));
      load.push_back(*std::max_element(round.begin(), round.end(), [](const json& a, const json& b) {
                        return a.at("load_seconds") < b.at("load_seconds");
                      })->find("load_seconds"));
    }
    for (std::size_t rank = 0; rank < rounds[0].size(); ++rank)
      ranks.push_back(rank_over_rounds(rounds, rank));
    for (const json& rank : ranks)
      for (const auto& [stage, samples] : rank.at("stages").items())
        stages[stage] = stages.contains(stage) ? slowest(stages[stage], samples) : samples;
  }
  result["latency"] = {{"total_seconds", total}, {"load_seconds", load}, {"stages", stages}};
  result["ranks"] = ranks;
  if (!rounds.empty()) {
    result["numerics"] = rounds.back()[0].value("numerics", json());
    result["ranks"][0].erase("numerics");
  }
  return result;
}

bool is_measured(const json& result) { return result.at("status") == "ok" && !result.at("ranks").empty(); }

json summary_row(const scenario::Case& spec, const json& result, const json& baseline) {
  json row = {
      {"name", spec.name},
      {"task", spec.task},
      {"layout", result.at("layout")},
      {"world_size", result.at("world_size")},
      {"numerics", model::parallel::to_string(model::parallel::numerics(scenario::arithmetic_of(spec)))},
      {"baseline", result.at("baseline")},
      {"verdict", result.at("verdict")},
      {"reason", result.at("reason")},
      {"directory", spec.name},
      {"command", result.at("command")},
      {"speedup", nullptr},
      {"efficiency", nullptr},
      {"ssim", nullptr},
      {"psnr", nullptr},
      {"identical", nullptr}};
  const std::vector<double> total = values(result.at("latency").at("total_seconds"));
  const json& ranks = result.at("ranks");
  row["repetitions"] = total.size();
  for (const char* key : {"seconds", "seconds_min", "seconds_max"}) row[key] = nullptr;
  if (!total.empty()) {
    row["seconds"] = metrics::median(total);
    row["seconds_min"] = *std::min_element(total.begin(), total.end());
    row["seconds_max"] = *std::max_element(total.begin(), total.end());
    const json& stages = result.at("latency").at("stages");
    for (const std::string_view stage : reports::records::kOuterStages)
      row["stages"][std::string(stage)] = median_or_null(stages, std::string(stage));
    const std::string communication(reports::records::kCommunication);
    row["stages"][communication] = median_or_null(stages, communication);
    for (const char* key : {"peak_resident_bytes", "peak_proportional_bytes", "peak_tensor_bytes"})
      row[key] = largest(ranks, key);
    row["proportional_sum_bytes"] = sum(ranks, "peak_proportional_bytes");
    row["planned_peak_tensor_bytes"] = largest(ranks, "planned_peak_tensor_bytes");
    row["collectives"] = sum_of_collectives(ranks);
    for (const char* direction : {"decode", "encode"}) {
      const std::string key = std::string(direction) + "_balance";
      if (ranks[0].contains(key)) row["tiles"][direction] = ranks[0].at(key);
    }
    if (!baseline.is_null() && !baseline.at("latency").at("total_seconds").empty()) {
      const double reference = metrics::median(values(baseline.at("latency").at("total_seconds")));
      row["speedup"] = reference / row["seconds"].get<double>();
      row["efficiency"] = row["speedup"].get<double>() / spec.layout.world_size();
    }
  }
  if (spec.published) {
    row["published"] = reports::records::to_json(*spec.published);
    row["published"]["own"] = {{"height", spec.height},
                               {"width", spec.width},
                               {"frames", spec.frames},
                               {"steps", spec.steps},
                               {"dtype", spec.dtype},
                               {"device", spec.device},
                               {"threads_per_rank", spec.threads_per_rank}};
  }
  if (result.contains("quality")) {
    const json& quality = result.at("quality");
    row["ssim"] = quality.at("ssim").at("mean");
    row["psnr"] = quality.at("psnr").at("mean");
    row["identical"] = quality.at("identical");
  }
  if (result.contains("first_divergence")) row["first_divergence"] = result.at("first_divergence");
  if (result.contains("quality_self")) {
    const json& own = result.at("quality_self");
    row["aa"] = {{"identical", own.at("identical")},
                 {"ssim", own.at("ssim").at("mean")},
                 {"psnr", own.at("psnr").at("mean")},
                 {"seconds_ratio", total.size() > 1 ? json(total[1] / total[0]) : json()}};
  }
  return row;
}

}  // namespace isoframe::harness::run
