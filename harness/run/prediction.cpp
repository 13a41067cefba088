#include "harness/run/prediction.h"

#include <algorithm>
#include <map>
#include <string>

#include "harness/plan/case_plan.h"
#include "model/parallel/mesh.h"

namespace isoframe::harness::run {

namespace records = reports::records;
using records::Collective;

namespace {

Collective& row_of(std::vector<Collective>& rows, const std::string& group, const std::string& collective) {
  for (Collective& row : rows)
    if (row.group == group && row.collective == collective) return row;
  Collective& added = rows.emplace_back();
  added.group = group;
  added.collective = collective;
  return added;
}

int group_size(const model::parallel::Layout& layout, const std::string& group) {
  return static_cast<int>(model::parallel::group_ranks(layout, group).front().size());
}

void add_rates(Collective& row, const scenario::Case& spec) {
  const int ranks = group_size(spec.layout, row.group);
  row.group_size = ranks;
  if (row.seconds <= 0.0 || row.collective == "barrier") return;
  const Bandwidth bandwidth = bandwidth_of(row, ranks);
  row.algorithm_bandwidth = bandwidth.algorithm;
  row.bus_bandwidth = bandwidth.bus;
}

void add_predicted(records::RankResult& rank, const records::PredictedRank& predicted) {
  rank.planned_peak_tensor_bytes = predicted.peak_tensor_bytes;
  for (const records::PredictedTraffic& expected : predicted.collectives) {
    Collective& row = row_of(rank.collectives, expected.group, expected.collective);
    row.predicted_bytes_sent = expected.bytes_sent;
    row.predicted_bytes_received = expected.bytes_received;
  }
  for (Collective& row : rank.collectives) {
    if (row.predicted_bytes_sent) continue;
    row.predicted_bytes_sent = row.predicted_bytes_received = 0;
  }
}

model::vae::TileCosts costs_from(const std::vector<records::TileCost>& rows) {
  model::vae::TileCosts costs;
  for (const records::TileCost& row : rows) costs.set(row.height, row.width, row.seconds);
  return costs;
}

/// Adds what was counted to a sum that stays empty as long as nothing was.
void add(std::optional<std::uint64_t>& sum, const std::optional<std::uint64_t>& bytes) {
  if (bytes) sum = sum.value_or(0) + *bytes;
}

}  // namespace

Prediction predict(const scenario::Case& spec, const std::optional<records::TileCostTable>& tile_costs) {
  plan::Options options;
  if (tile_costs) {
    options.decode_costs = costs_from(tile_costs->decode);
    options.encode_costs = costs_from(tile_costs->encode);
  }
  const plan::CasePlan plan = plan::plan_case(spec, options);
  const auto traffic = plan::traffic_of(plan);
  Prediction prediction;
  for (std::size_t rank = 0; rank < plan.ranks.size(); ++rank) {
    records::PredictedRank& predicted = prediction.emplace_back();
    predicted.peak_tensor_bytes = static_cast<std::uint64_t>(plan.ranks[rank].peak_tensor_bytes());
    for (const auto& [key, bytes] : traffic[rank])
      predicted.collectives.push_back({.group = key.first,
                                       .collective = key.second,
                                       .bytes_sent = bytes.sent,
                                       .bytes_received = bytes.received});
  }
  return prediction;
}

void set_beside(records::CaseResult& result, const scenario::Case& spec,
                const std::optional<Prediction>& prediction) {
  for (records::RankResult& rank : result.ranks) {
    if (prediction) add_predicted(rank, prediction->at(static_cast<std::size_t>(rank.rank)));
    for (Collective& row : rank.collectives) add_rates(row, spec);
  }
}

Bandwidth bandwidth_of(const Collective& collective, int ranks) {
  const auto sent = static_cast<double>(collective.bytes_sent);
  const auto received = static_cast<double>(collective.bytes_received);
  const double n = ranks, others = ranks - 1;
  const std::string& name = collective.collective;
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
  return {.algorithm = size / collective.seconds, .bus = size * factor / collective.seconds};
}

std::vector<records::CollectiveSum> sum_of_collectives(const std::vector<records::RankResult>& ranks) {
  std::map<std::pair<std::string, std::string>, records::CollectiveSum> sums;
  for (const records::RankResult& rank : ranks) {
    for (const Collective& row : rank.collectives) {
      if (row.collective == "barrier") continue;
      records::CollectiveSum& sum = sums[{row.group, row.collective}];
      sum.group = row.group;
      sum.collective = row.collective;
      sum.calls += row.calls;
      sum.bytes_sent += row.bytes_sent;
      sum.bytes_received += row.bytes_received;
      add(sum.predicted_bytes_sent, row.predicted_bytes_sent);
      add(sum.predicted_bytes_received, row.predicted_bytes_received);
      if (row.bus_bandwidth)
        sum.bus_bandwidth = std::min(sum.bus_bandwidth.value_or(*row.bus_bandwidth), *row.bus_bandwidth);
    }
  }
  std::vector<records::CollectiveSum> rows;
  for (auto& [key, sum] : sums) rows.push_back(std::move(sum));
  return rows;
}

}  // namespace isoframe::harness::run
