#include "harness/run/prediction.h"

#include <algorithm>
#include <map>
#include <string>

#include "harness/plan/case_plan.h"
#include "model/parallel/mesh.h"

namespace isoframe::harness::run {

using nlohmann::json;

namespace {

json& row_of(json& collectives, const json& group, const json& collective) {
  for (json& row : collectives)
    if (row.at("group") == group && row.at("collective") == collective) return row;
  collectives.push_back({{"group", group},
                         {"collective", collective},
                         {"calls", 0},
                         {"bytes_sent", 0},
                         {"bytes_received", 0},
                         {"seconds", 0.0}});
  return collectives.back();
}

int size_of(const model::parallel::Layout& layout, const std::string& group) {
  return static_cast<int>(model::parallel::group_ranks(layout, group).front().size());
}

void add_rates(json& row, const scenario::Case& spec) {
  const int ranks = size_of(spec.layout, row.at("group").get<std::string>());
  row["group_size"] = ranks;
  if (row.at("seconds").get<double>() <= 0.0 || row.at("collective") == "barrier") return;
  const Bandwidth bandwidth = bandwidth_of(row, ranks);
  row["algorithm_bandwidth"] = bandwidth.algorithm;
  row["bus_bandwidth"] = bandwidth.bus;
}

void add_predicted(json& rank, const json& predicted) {
  rank["planned_peak_tensor_bytes"] = predicted.at("peak_tensor_bytes");
  json& collectives = rank.at("collectives");
  for (json& row : collectives) row["predicted_bytes_sent"] = row["predicted_bytes_received"] = 0;
  for (const json& expected : predicted.at("collectives")) {
    json& row = row_of(collectives, expected.at("group"), expected.at("collective"));
    row["predicted_bytes_sent"] = expected.at("bytes_sent");
    row["predicted_bytes_received"] = expected.at("bytes_received");
  }
}

model::vae::TileCosts costs_from(const json& rows) {
  model::vae::TileCosts costs;
  for (const json& row : rows)
    costs.set(row.at("height").get<std::int64_t>(), row.at("width").get<std::int64_t>(),
              row.at("seconds").get<double>());
  return costs;
}

}  // namespace

json predict(const scenario::Case& spec, const json& tile_costs) {
  plan::Options options;
  if (!tile_costs.is_null()) {
    options.decode_costs = costs_from(tile_costs.at("decode"));
    options.encode_costs = costs_from(tile_costs.at("encode"));
  }
  const plan::CasePlan plan = plan::plan_case(spec, options);
  const auto traffic = plan::traffic_of(plan);
  json ranks = json::array();
  for (std::size_t rank = 0; rank < plan.ranks.size(); ++rank) {
    json collectives = json::array();
    for (const auto& [key, bytes] : traffic[rank])
      collectives.push_back({{"group", key.first},
                             {"collective", key.second},
                             {"bytes_sent", bytes.sent},
                             {"bytes_received", bytes.received}});
    ranks.push_back({{"peak_tensor_bytes", plan.ranks[rank].peak_tensor_bytes()},
                     {"collectives", std::move(collectives)}});
  }
  return ranks;
}

void set_beside(json& result, const scenario::Case& spec, const json& prediction) {
  for (json& rank : result.at("ranks")) {
    if (!prediction.is_null()) add_predicted(rank, prediction.at(rank.at("rank").get<std::size_t>()));
    for (json& row : rank.at("collectives")) add_rates(row, spec);
  }
}

Bandwidth bandwidth_of(const json& collective, int ranks) {
  const double sent = collective.at("bytes_sent").get<double>();
  const double received = collective.at("bytes_received").get<double>();
  const double seconds = collective.at("seconds").get<double>();
  const double n = ranks, others = ranks - 1;
  const std::string name = collective.at("collective").get<std::string>();
  double size = std::max(sent, received), factor = 1.0;
  if (name == "all_gather") {
    size = received + sent / others;
    factor = others / n;
  } else if (name == "all_to_all") {
    size = sent * n / others;
    factor = others / n;
  } else if (name == "all_reduce") {
    factor = 2.0 * others / n;
    size = sent / factor;
  } else if (name == "broadcast" && received == 0.0) {
    size = sent / others;
  }
  return {.algorithm = size / seconds, .bus = size * factor / seconds};
}

json sum_of_collectives(const json& ranks) {
  constexpr const char* kSummed[] = {"calls", "bytes_sent", "bytes_received", "predicted_bytes_sent",
                                     "predicted_bytes_received"};
  std::map<std::pair<std::string, std::string>, json> sums;
  for (const json& rank : ranks) {
    for (const json& row : rank.at("collectives")) {
      if (row.at("collective") == "barrier") continue;
      const std::pair key{row.at("group").get<std::string>(), row.at("collective").get<std::string>()};
      json& sum = sums.try_emplace(key, json::object()).first->second;
      for (const char* name : kSummed)
        if (row.contains(name))
          sum[name] = sum.value(name, std::uint64_t{0}) + row.at(name).get<std::uint64_t>();
      if (row.contains("bus_bandwidth"))
        sum["bus_bandwidth"] = std::min(sum.value("bus_bandwidth", row.at("bus_bandwidth").get<double>()),
                                        row.at("bus_bandwidth").get<double>());
    }
  }
  json rows = json::array();
  for (auto& [key, sum] : sums) {
    sum["group"] = key.first;
    sum["collective"] = key.second;
    rows.push_back(std::move(sum));
  }
  return rows;
}

}  // namespace isoframe::harness::run
